"""The lot ledger: hold, post, void of value that expires (members-mall-orders.md 3.1 and 3.2).

Every step locks the account's row first, so two steps of one member wait for each other and never
deadlock; every step has a key, so a repeat changes nothing.  Lots are used in order of expiry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import Refused


class LedgerKeyReused(Refused):
    """One ledger key came with two contents: a fault of ours, and an alarm."""

    code, status = "ledger_key_reused", 500


@dataclass(frozen=True, slots=True)
class Step:
    """What one fact does to an account: `quantity` to balance less deficit, and who caused it."""

    member_id: int
    account: str
    event: str
    source: str
    key: str
    actor: str
    now: datetime


_LOCK = text(
    "SELECT balance, pending, held, deficit FROM lot_account WHERE member_id = :member"
    " AND account = :account FOR NO KEY UPDATE"
)
_APPLY = text(
    """
    WITH owed AS (
        SELECT CASE WHEN :settle THEN least(deficit, CAST(:quantity AS bigint)) ELSE 0 END AS points FROM lot_account
        WHERE member_id = :member AND account = :account FOR NO KEY UPDATE),
    entry AS (
        INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at)
        SELECT :member, :account, :event, :quantity, :d_pending, :source, :key, :actor, :now FROM owed
        ON CONFLICT (member_id, account, key) DO NOTHING RETURNING id),
    changed AS (
        UPDATE lot SET remaining = lot.remaining + d.delta, state = coalesce(d.state, lot.state),
                       expires_at = coalesce(d.expires_at, lot.expires_at)
        FROM unnest(CAST(:lots AS bigint[]), CAST(:deltas AS bigint[]), CAST(:states AS text[]),
                    CAST(:expiries AS timestamptz[])) AS d(id, delta, state, expires_at)
        WHERE lot.member_id = :member AND lot.id = d.id AND EXISTS (SELECT FROM entry)),
    used AS (
        INSERT INTO lot_consumption (member_id, entry_id, lot_id, quantity, restored)
        SELECT :member, entry.id, u.lot_id, u.quantity, 0
        FROM entry, unnest(CAST(:used AS bigint[]), CAST(:used_quantities AS bigint[])) AS u(lot_id, quantity)),
    made AS (
        INSERT INTO lot (member_id, account, source, initial, remaining, state, expires_at, origin_member_id)
        SELECT :member, :account, :source, :new_initial, :new_remaining - owed.points, :new_state, :new_expires, :member
        FROM entry, owed WHERE CAST(:new_initial AS bigint) > 0),
    summed AS (
        UPDATE lot_account SET balance = balance + :d_balance - owed.points, pending = pending + :d_pending,
                               held = held + :d_held, deficit = deficit + :d_deficit - owed.points
        FROM owed WHERE member_id = :member AND account = :account AND EXISTS (SELECT FROM entry)),
    told AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries, done_at)
        SELECT :account || '.' || :event, 'member:' || :member, :actor, :now,
               jsonb_build_object('quantity', CAST(:quantity AS bigint), 'source', CAST(:source AS text)), 0, :now
        FROM entry)
    SELECT id FROM entry""".replace("'member:' || :member", "'member:' || CAST(:member AS text)").replace(
        ":account || '.' || :event", "CAST(:account AS text) || '.' || CAST(:event AS text)"
    )
)
_ENTRY = text(
    "SELECT id, quantity, pending, event FROM lot_entry WHERE member_id = :member AND account = :account AND key = :key"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A lot's change: `delta` to its remainder, and a new state or expiry where one is given."""

    lot_id: int
    delta: int
    state: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class New:
    """A lot that comes into being."""

    initial: int = 0
    remaining: int = 0
    state: str = "available"
    expires_at: datetime | None = None


def lock(session: Session, member_id: int, account: str) -> Any:
    """The account's sums, locked until the transaction ends."""
    return fetch(session, _LOCK, {"member": member_id, "account": account})[0]


def entry(session: Session, step: Step) -> Any | None:
    """The fact already posted under the step's key, if there is one."""
    return first(session, _ENTRY, {"member": step.member_id, "account": step.account, "key": step.key})


def repeated(session: Session, step: Step, change: int) -> bool:
    """Whether the step was posted before; `change` is what it does to value there and on its way.

    :raises LedgerKeyReused: it was posted with other content.
    """
    found = entry(session, step)
    if found is not None and (found.event, found.quantity + found.pending) != (step.event, change):
        raise LedgerKeyReused(key=step.key)
    return found is not None


def _of_step(step: Step) -> dict[str, Any]:
    return {
        "member": step.member_id,
        "account": step.account,
        "event": step.event,
        "source": step.source,
        "key": step.key,
        "actor": step.actor,
        "now": step.now,
    }


def _of_lots(changes: Sequence[Change], used: Sequence[tuple[int, int]], new: New) -> dict[str, Any]:
    return {
        "lots": [change.lot_id for change in changes],
        "deltas": [change.delta for change in changes],
        "states": [change.state for change in changes],
        "expiries": [change.expires_at for change in changes],
        "used": [lot_id for lot_id, _ in used],
        "used_quantities": [taken for _, taken in used],
        "new_initial": new.initial,
        "new_remaining": new.remaining,
        "new_state": new.state,
        "new_expires": new.expires_at,
    }


def apply(
    session: Session,
    step: Step,
    *,
    quantity: int = 0,
    pending: int = 0,
    balance: int = 0,
    held: int = 0,
    deficit: int = 0,
    changes: Iterable[Change] = (),
    used: Sequence[tuple[int, int]] = (),
    new: New | None = None,
    settle: bool = False,
) -> bool:
    """Write one fact with everything that follows from it, in one statement that locks the account first.

    With `settle` the deficit is made good out of the new lot.
    False when the key was posted before with the same content; then nothing changes.

    :raises LedgerKeyReused: it was posted with other content.
    """
    sums = {
        "quantity": quantity,
        "d_pending": pending,
        "d_balance": balance,
        "d_held": held,
        "d_deficit": deficit,
        "settle": settle,
    }
    made = session.execute(_APPLY, {**_of_step(step), **sums, **_of_lots(list(changes), used, new or New())}).first()
    if made is not None:
        return True
    first = entry(session, step)
    if first is None or (first.quantity, first.pending, first.event) != (quantity, pending, step.event):
        raise LedgerKeyReused(key=step.key)
    return False


_LOTS = text("""
    SELECT id, remaining, state, source, expires_at FROM lot
    WHERE member_id = :member AND account = :account AND remaining > 0 AND state <> 'void'
    ORDER BY expires_at NULLS LAST, id""")
_USED = text("""
    SELECT used.entry_id, used.lot_id, used.quantity - used.restored AS quantity, lot.expires_at
    FROM lot_consumption used JOIN lot_entry entry ON entry.member_id = used.member_id AND entry.id = used.entry_id
    JOIN lot ON lot.member_id = used.member_id AND lot.id = used.lot_id
    WHERE used.member_id = :member AND entry.account = :account AND entry.source = :source
      AND entry.event IN ('hold', 'spend') AND used.quantity > used.restored
    ORDER BY lot.expires_at DESC NULLS FIRST, used.lot_id DESC""")
_RESTORED = text("""
    UPDATE lot_consumption used SET restored = restored + r.quantity
    FROM unnest(CAST(:entries AS bigint[]), CAST(:lots AS bigint[]), CAST(:quantities AS bigint[]))
         AS r(entry_id, lot_id, quantity)
    WHERE used.member_id = :member AND used.entry_id = r.entry_id AND used.lot_id = r.lot_id""")


def lots(session: Session, member_id: int, account: str) -> list[Any]:
    """The member's lots with something left, in order of use."""
    return fetch(session, _LOTS, {"member": member_id, "account": account})


def used_by(session: Session, member_id: int, account: str, source: str) -> list[Any]:
    """What a source took of which lots and has not got back, newest expiry first."""
    return fetch(session, _USED, {"member": member_id, "account": account, "source": source})


def mark_restored(session: Session, member_id: int, parts: Sequence[tuple[int, int, int]]) -> None:
    """Note that (entry, lot, quantity) went back into its lot."""
    session.execute(
        _RESTORED,
        {
            "member": member_id,
            "entries": [p[0] for p in parts],
            "lots": [p[1] for p in parts],
            "quantities": [p[2] for p in parts],
        },
    )


def take(found: Iterable[Any], wanted: int) -> list[tuple[int, int]]:
    """(lot id, quantity) from the given lots in their order, up to `wanted`."""
    parts = []
    for lot in found:
        part = min(wanted, lot.remaining)
        if part:
            parts.append((lot.id, part))
            wanted -= part
    return parts


_OPEN_SAME = text(
    "INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)"
    " SELECT :into, account, 0, 0, 0, 0 FROM lot_account WHERE member_id = :source"
    " ON CONFLICT (member_id, account) DO NOTHING"
)
_LOCK_BOTH = text(
    "SELECT account FROM lot_account WHERE member_id IN (:source, :into)"
    " ORDER BY account = 'growth', account = 'points', account, member_id FOR NO KEY UPDATE"
)
_MOVE = (
    text("UPDATE lot SET member_id = :into WHERE member_id = :source"),
    text("UPDATE lot_consumption SET member_id = :into WHERE member_id = :source"),
    text("UPDATE lot_entry SET member_id = :into WHERE member_id = :source"),
    text(
        "UPDATE lot_account t SET balance = t.balance + s.balance, pending = t.pending + s.pending,"
        " held = t.held + s.held, deficit = t.deficit + s.deficit FROM lot_account s"
        " WHERE t.member_id = :into AND s.member_id = :source AND s.account = t.account"
    ),
    text("UPDATE lot_account SET balance = 0, pending = 0, held = 0, deficit = 0 WHERE member_id = :source"),
)


def move(session: Session, source_id: int, into_id: int, *, actor: str, now: datetime) -> None:
    """Give all value of one member to another (a merge); each lot keeps its origin.

    What one of them owed is made good by what the other has, so that a balance never stands beside a debt.
    """
    both = {"source": source_id, "into": into_id}
    fetch(session, _OPEN_SAME, both)
    fetch(session, _LOCK_BOTH, both)
    for statement in _MOVE:
        session.execute(statement, both)
    sums = lock(session, into_id, "points")
    owed = min(sums.balance, sums.deficit)
    if owed:
        parts = take([lot for lot in lots(session, into_id, "points") if lot.state == "available"], owed)
        source = f"merge:{source_id}"
        apply(
            session,
            Step(into_id, "points", "claw", source, source, actor, now),
            balance=-owed,
            deficit=-owed,
            changes=[Change(lot_id, -part) for lot_id, part in parts],
            used=parts,
        )


_CHECK = text("""
    SELECT a.member_id, a.account, a.balance, a.pending, a.held, a.deficit, lots.available, lots.waiting,
           facts.quantity, facts.pending AS facts_pending
    FROM lot_account a
    LEFT JOIN (SELECT member_id, account, sum(remaining) FILTER (WHERE state = 'available')::bigint AS available,
                      sum(remaining) FILTER (WHERE state = 'pending')::bigint AS waiting
               FROM lot GROUP BY 1, 2) lots USING (member_id, account)
    LEFT JOIN (SELECT member_id, account, sum(quantity)::bigint AS quantity, sum(pending)::bigint AS pending
               FROM lot_entry GROUP BY 1, 2) facts USING (member_id, account)
    WHERE a.balance <> coalesce(lots.available, 0) OR a.pending <> coalesce(lots.waiting, 0)
       OR a.balance - a.deficit <> coalesce(facts.quantity, 0) OR a.pending <> coalesce(facts.pending, 0)
    ORDER BY 1, 2""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Accounts whose sums differ from their lots or their entries; empty is the proof."""
    return [dict(row) for row in session.execute(_CHECK).mappings()]
