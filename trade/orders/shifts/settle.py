"""Settling a counted shift: everything its till wrote until the seal is here, the difference is accounted for, and the
Z is numbered.  What comes later amends the Z of its own shift.

    difference = counted - expected - unbooked

A count is never refused for what it differs by; beyond the store's limit a manager says why (3.7, 3.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import Malformed, NotFound, Refused, WrongState
from trade.orders.shifts import figures, moves, z
from trade.orders.shifts.states import State


class CodePaymentsOpen(Refused):
    """Code payments of the shift have no end yet (`tender_ids`): they are ended before it is settled."""

    code = "code_payments_open"


class ShiftGap(Refused):
    """Documents that the till wrote before the count are not here yet (`missing` of them); a manager may go on."""

    code = "shift_gap"


class VarianceNeedsApproval(Refused):
    """The count differs by `difference_fen`, more than the store's `limit_fen`: a manager says why."""

    code = "variance_needs_approval"


@dataclass(frozen=True, slots=True)
class Word:
    """Which manager said so, and why."""

    approver_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stand:
    """How a counted shift stands: documents that are `missing`, what its rows say, and what the count is off by."""

    missing: int
    figures: dict[str, Any]
    difference_fen: int


_LOCK = text("SELECT * FROM shift WHERE store_id = :store AND id = :shift FOR NO KEY UPDATE")
_UNENDED = text("""
    SELECT id FROM tender WHERE store_id = :store AND shift_id = :shift AND way = 'code'
      AND state IN ('created', 'prepaid', 'closing') ORDER BY id""")
_MISSING = text("""
    SELECT coalesce(sum(upto.seq - d.whole_seq - kept.n), 0)::bigint AS missing
    FROM till_device d JOIN till t ON t.store_id = d.store_id AND t.id = d.till_id
    CROSS JOIN LATERAL (SELECT CASE WHEN d.device_id = CAST(:device AS text) THEN CAST(:seq AS bigint)
                               ELSE d.last_seq END AS seq) AS upto
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM till_document w WHERE w.store_id = d.store_id
                        AND w.device_id = d.device_id AND w.seq > d.whole_seq AND w.seq <= upto.seq) AS kept
    WHERE d.store_id = :store AND (d.device_id = CAST(:device AS text) OR t.drawer_id = :drawer)
      AND upto.seq > d.whole_seq""")
_LIMIT = text("SELECT variance_fen FROM store WHERE id = :store")
_SET_LIMIT = text("UPDATE store SET variance_fen = :fen WHERE id = :store")


def lock(session: Session, store_id: int, shift_id: int) -> Any:
    """The row of a shift, which nobody else changes or sells in until this transaction ends.  Raises NotFound."""
    row = first(session, _LOCK, {"store": store_id, "shift": shift_id})
    if row is None:
        raise NotFound(shift_id=shift_id)
    return row


def stand(session: Session, row: Any) -> Stand:
    """How a counted shift stands; the same when it is shown, sealed and settled."""
    given = {"store": row.store_id, "device": row.device_id, "seq": row.seal_seq, "drawer": row.drawer_id}
    missing = fetch(session, _MISSING, given)[0].missing
    found = figures.of(session, row.store_id, row.id)
    return Stand(missing, found, row.counted_fen - found["expected_fen"] - found["unbooked_fen"])


def limit_fen(session: Session, store_id: int) -> int:
    """By so much a count of this store may differ without a manager."""
    return int(fetch(session, _LIMIT, {"store": store_id})[0].variance_fen)


def set_limit(session: Session, store_id: int, variance_fen: int, *, actor: str, now: datetime) -> None:
    """From now on a count of this store may differ by so much, in fen."""
    session.execute(_SET_LIMIT, {"store": store_id, "fen": variance_fen})
    facts = {"variance_fen": variance_fen}
    journal.record(session, "store.variance_changed", f"store:{store_id}", actor=actor, now=now, **facts)


def seal_if_exact(session: Session, row: Any, *, actor: str, now: datetime) -> None:
    """A count that is right, with everything here, needs no second one."""
    found = stand(session, row)
    if not found.missing and not found.difference_fen:
        moves.move(session, row.store_id, row.id, "keep", {}, actor=actor, now=now)


def settle(
    session: Session,
    store_id: int,
    shift_id: int,
    *,
    variance: Word | None = None,
    gap: Word | None = None,
    actor: str,
    now: datetime,
) -> int:
    """Give a sealed shift its Z number, in the order of the store's settlements; returns it.

    :param variance: who answers for what the count is off by; lets nothing go on without what is missing.
    :param gap: who does not wait for what is missing; answers for no difference.
    :raises WrongState, CodePaymentsOpen, ShiftGap, VarianceNeedsApproval, Malformed: nothing changed.
    """
    row = lock(session, store_id, shift_id)
    if row.state != State.SEALED:
        raise WrongState(shift_id=shift_id, state=row.state, event="settle")
    words = [word for word in (variance, gap) if word is not None]
    if not all(word.reason.strip() for word in words):
        raise Malformed(fields={"reason": "a manager says why"})
    if unended := fetch(session, _UNENDED, {"store": store_id, "shift": shift_id}):
        raise CodePaymentsOpen(tender_ids=[one.id for one in unended])
    found = stand(session, row)
    if found.missing and gap is None:
        raise ShiftGap(missing=found.missing)
    limit = limit_fen(session, store_id)
    if abs(found.difference_fen) > limit and variance is None:
        raise VarianceNeedsApproval(difference_fen=found.difference_fen, limit_fen=limit)
    event = "force" if found.missing else "settle"
    reason = "；".join(dict.fromkeys(word.reason.strip() for word in words))
    given = {"at": now, "approver": words[0].approver_id if words else None, "reason": reason}
    facts: dict[str, Any] = {"difference_fen": found.difference_fen, "missing": found.missing}
    facts |= {"approved_by": variance and variance.approver_id, "gap_approved_by": gap and gap.approver_id}
    moves.move(session, store_id, shift_id, event, given, actor=actor, now=now, reason=reason, **facts)
    return z.issue(session, store_id, shift_id, found.figures, missing=found.missing, now=now)


def late(session: Session, row: Any, what: str, *, actor: str, now: datetime) -> None:
    """Something of a locked shift was booked after its count: a settled one gets an amendment, in words `what`."""
    if row.state == State.SETTLED:
        found = stand(session, row)
        z.amend(session, row.store_id, row.id, found.figures, what, missing=found.missing, actor=actor, now=now)
