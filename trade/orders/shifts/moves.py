"""The only writer of shifts: opening, counting, sealing and settling one, each guarded by the table of moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock, journal
from config.db import fetch, first
from config.errors import Malformed, NotFound, Refused, WrongState
from trade.orders.shifts import counts, drawers
from trade.orders.shifts.states import MOVES
from trade.stores.tills import TillCard


class ShiftOpen(Refused):
    """This drawer already has an open shift; `shift_id` is its."""

    code = "shift_open"


class ProlongedBefore(Refused):
    """A shift goes on over a cut-over once, and this one did: it is counted now."""

    code = "prolonged_before"


@dataclass(frozen=True, slots=True)
class Seal:
    """Where a till's chain stood at the count, and the sales that it had not delivered by then."""

    device_id: str
    seq: int
    unsent: int = 0
    unsent_fen: int = 0


def sells_until(at: datetime) -> datetime:
    """The cut-over of the business day of this moment: a shift opened in it sells until then."""
    return clock.day_began(clock.day_began(at) + timedelta(hours=30))


_OPEN = text("""
    INSERT INTO shift (store_id, uuid, till_id, drawer_id, staff_id, at_staff_id, state, opened_at, sells_until,
                       float_fen, proposed_fen)
    SELECT :store, :uuid, :till, CAST(:drawer AS bigint), CAST(:staff AS bigint), CAST(:staff AS bigint), 'open',
           CAST(:at AS timestamptz), CAST(:until AS timestamptz), :fen,
           (SELECT counted_fen - taken_fen FROM shift WHERE store_id = :store AND drawer_id = :drawer
            AND counted_at IS NOT NULL ORDER BY counted_at DESC, id DESC LIMIT 1)
    ON CONFLICT DO NOTHING RETURNING id, proposed_fen""")
_BY_UUID = text("SELECT id, drawer_id FROM shift WHERE store_id = :store AND uuid = :uuid")
_OF_DRAWER = text("SELECT id FROM shift WHERE store_id = :store AND drawer_id = :drawer AND state = 'open'")
_COUNTED = text("""
    INSERT INTO shift_count (store_id, shift_id, no, staff_id, at, fen, pieces)
    VALUES (:store, :shift, :no, :staff, :at, :fen, CAST(:pieces AS jsonb))""")


def open_(
    session: Session,
    till: TillCard,
    uuid: str,
    staff_id: int,
    pieces: counts.Pieces,
    *,
    actor: str,
    now: datetime,
    opened_at: datetime | None = None,
) -> int:
    """Open a shift of the till's drawer with a counted float; the same `uuid` again is the shift that it opened.

    :param opened_at: when it was opened without network; else now.
    :raises ShiftOpen: of two at once one opens.
    """
    at, fen, drawer_id = opened_at or now, counts.worth(pieces), drawers.of(session, till)
    known = first(session, _BY_UUID, {"store": till.store_id, "uuid": uuid})
    if known is not None:
        return int(known.id)
    given = {"store": till.store_id, "uuid": uuid, "till": till.id, "drawer": drawer_id, "staff": staff_id}
    made = first(session, _OPEN, given | {"at": at, "until": sells_until(at), "fen": fen})
    if made is None:
        found = first(session, _BY_UUID, {"store": till.store_id, "uuid": uuid})
        if found is not None:
            return int(found.id)
        other = first(session, _OF_DRAWER, {"store": till.store_id, "drawer": drawer_id})
        raise ShiftOpen(shift_id=other.id if other else None)
    _count(session, till.store_id, made.id, 0, staff_id, at, pieces)
    facts = {"float_fen": fen, "proposed_fen": made.proposed_fen, "till_id": till.id, "alone": opened_at is not None}
    journal.record(session, "shift.opened", f"shift:{made.id}", actor=actor, now=now, **facts)
    return int(made.id)


def _count(
    session: Session, store_id: int, shift_id: int, no: int, staff_id: int, at: datetime, pieces: counts.Pieces
) -> None:
    given = {"store": store_id, "shift": shift_id, "no": no, "staff": staff_id, "at": at}
    said = {"fen": counts.worth(pieces), "pieces": json.dumps(counts.as_json(pieces))}
    session.execute(_COUNTED, given | said)


_SETS = {
    "count": ", counted_at = :at, counted_fen = :fen, taken_fen = :taken, device_id = :device, seal_seq = :seq,"
    " unsent = :unsent, unsent_fen = :unsent_fen",
    "recount": ", counted_fen = :fen, taken_fen = :taken",
    "settle": ", settled_at = :at, approver_id = CAST(:approver AS bigint), reason = :reason",
    "force": ", settled_at = :at, approver_id = CAST(:approver AS bigint), reason = :reason",
}
_MOVES = {
    event: text(
        f"UPDATE shift SET state = '{target}'{_SETS.get(event, '')} WHERE store_id = :store AND id = :shift"
        f" AND state = '{source}' RETURNING *"
    )
    for event, (source, target, _) in MOVES.items()
}
_STATE = text("SELECT state FROM shift WHERE store_id = :store AND id = :shift")


def move(
    session: Session,
    store_id: int,
    shift_id: int,
    event: str,
    given: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    **facts: Any,
) -> Any:
    """One step of a shift's life; returns its row.  The guard is in the UPDATE: of two at once one succeeds.

    :raises NotFound: there is none.
    :raises WrongState: with the state it stands in.
    """
    moved = first(session, _MOVES[event], {"store": store_id, "shift": shift_id, **given})
    if moved is None:
        found = first(session, _STATE, {"store": store_id, "shift": shift_id})
        if found is None:
            raise NotFound(shift_id=shift_id)
        raise WrongState(shift_id=shift_id, state=found.state, event=event)
    journal.record(session, MOVES[event][2], f"shift:{shift_id}", actor=actor, now=now, **facts)
    return moved


def count(
    session: Session,
    store_id: int,
    shift_id: int,
    staff_id: int,
    pieces: counts.Pieces,
    *,
    taken_fen: int = 0,
    seal: Seal | None = None,
    again: bool = False,
    actor: str,
    now: datetime,
    at: datetime | None = None,
) -> Any:
    """The blind count of a shift, which no longer sells from here, or its one recount (`again`); returns its row.

    :param taken_fen: what is taken out of the drawer with the count; the rest is the next float.
    :raises WrongState: it was counted before, or has been sealed meanwhile.
    """
    fen, at = counts.worth(pieces), at or now
    if taken_fen > fen:
        raise Malformed(fields={"taken_fen": "more than was counted"})
    end = seal or Seal("", 0)
    given: dict[str, Any] = {"fen": fen, "taken": taken_fen}
    if not again:
        chain = {"device": end.device_id or None, "seq": end.seq or None}
        given |= {"at": at, **chain, "unsent": end.unsent, "unsent_fen": end.unsent_fen}
    facts = {"counted_fen": fen, "taken_fen": taken_fen, "unsent": end.unsent, "unsent_fen": end.unsent_fen}
    row = move(session, store_id, shift_id, "recount" if again else "count", given, actor=actor, now=now, **facts)
    _count(session, store_id, shift_id, 2 if again else 1, staff_id, at, pieces)
    return row


_PROLONG = text("""
    UPDATE shift SET sells_until = CAST(:until AS timestamptz), extender_id = :by
    WHERE store_id = :store AND id = :shift AND state = 'open' AND extender_id IS NULL AND sells_until <= :now
    RETURNING id""")
_FORGOTTEN = text("SELECT state, extender_id, sells_until FROM shift WHERE store_id = :store AND id = :shift")


def prolong(
    session: Session, store_id: int, shift_id: int, approver_id: int, reason: str, *, actor: str, now: datetime
) -> None:
    """A manager lets a forgotten shift sell on until the next cut-over, once; changes nothing while it sells.

    :raises ProlongedBefore, WrongState: nothing changed.
    """
    given = {"store": store_id, "shift": shift_id, "by": approver_id, "now": now, "until": sells_until(now)}
    if first(session, _PROLONG, given):
        facts = {"approved_by": approver_id, "reason": reason, "sells_until": sells_until(now).isoformat()}
        journal.record(session, "shift.prolonged", f"shift:{shift_id}", actor=actor, now=now, **facts)
        return
    row = first(session, _FORGOTTEN, given)
    if row is None:
        raise NotFound(shift_id=shift_id)
    if row.state != "open":
        raise WrongState(shift_id=shift_id, state=row.state, event="prolong")
    if row.sells_until <= now:
        raise ProlongedBefore(shift_id=shift_id)


def prolonged_alone(
    session: Session, store_id: int, shift_id: int, approver_id: int, reason: str,
    *, actor: str, at: datetime, now: datetime,
) -> None:  # fmt: skip
    """A manager let a forgotten shift sell on without network, `at` that moment; told `now`, and never refused.

    Nothing changes where it was prolonged before or is counted by now: what was sold in it is a fact all the same.
    """
    until = sells_until(at)
    given = {"store": store_id, "shift": shift_id, "by": approver_id, "now": at, "until": until}
    if first(session, _PROLONG, given):
        facts = {"approved_by": approver_id, "reason": reason, "sells_until": until.isoformat(), "alone": True}
        journal.record(session, "shift.prolonged", f"shift:{shift_id}", actor=actor, now=now, **facts)


_HAND_OVER = text("""
    UPDATE shift SET at_staff_id = :staff FROM till
    WHERE till.store_id = :store AND till.id = :till AND shift.store_id = till.store_id
      AND shift.drawer_id = till.drawer_id AND shift.state = 'open' AND shift.at_staff_id <> :staff
    RETURNING shift.id""")


def hand_over(session: Session, till: TillCard, staff_id: int, *, actor: str, now: datetime) -> None:
    """Who stands at the till has its open shift now; the drawer is not counted for it."""
    for row in fetch(session, _HAND_OVER, {"store": till.store_id, "till": till.id, "staff": staff_id}):
        journal.record(
            session, "shift.handed_over", f"shift:{row.id}", actor=actor, now=now, staff_id=staff_id, till_id=till.id
        )
