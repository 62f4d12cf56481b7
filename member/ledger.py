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
_TOLD = """
    told AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries, done_at)
        SELECT CAST(:account AS text) || '.' || CAST(:event AS text), 'member:' || CAST(:member AS text), :actor, :now,
               jsonb_build_object('quantity', CAST(:quantity AS bigint), 'source', CAST(:source AS text)), 0, :now
        FROM entry)"""
_APPLY = text(
    """
    WITH owed AS (
        SELECT CASE WHEN :settle THEN least(deficit, CAST(:quantity AS bigint)) ELSE 0 END AS points FROM lot_account
        WHERE member_id = :member AND account = :account FOR NO KEY UPDATE),
    entry AS (
        INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at, lots, deltas,
                               settled, expires_at)
        SELECT :member, :account, :event, :quantity, :d_pending, :source, :key, :actor, :now,
               CAST(:noted AS bigint[]), CAST(:noted_deltas AS bigint[]), owed.points, :until FROM owed
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
    back AS (
        UPDATE lot_consumption c SET restored = c.restored + r.quantity
        FROM unnest(CAST(:back_entries AS bigint[]), CAST(:back_lots AS bigint[]), CAST(:back_quantities AS bigint[]))
             AS r(entry_id, lot_id, quantity)
        WHERE c.member_id = :member AND c.entry_id = r.entry_id AND c.lot_id = r.lot_id AND EXISTS (SELECT FROM entry)),
    made AS (
        INSERT INTO lot (member_id, account, source, initial, remaining, state, expires_at, available_at,
                         origin_member_id, entry_id)
        SELECT :member, :account, :source, :new_quantity, :new_quantity - owed.points, :new_state, :new_expires,
               :new_available, :member, entry.id
        FROM entry, owed WHERE CAST(:new_quantity AS bigint) > 0),
    summed AS (
        UPDATE lot_account SET balance = balance + :d_balance - owed.points, pending = pending + :d_pending,
                               held = held + :d_held, deficit = deficit + :d_deficit - owed.points
        FROM owed WHERE member_id = :member AND account = :account AND EXISTS (SELECT FROM entry)),
    """
    + _TOLD
    + " SELECT id FROM entry"
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
    """A lot that comes into being.  `available_at` is when one on its way arrives, where that is known."""

    quantity: int = 0
    state: str = "available"
    expires_at: datetime | None = None
    available_at: datetime | None = None


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


def _of_lots(
    changes: Sequence[Change], used: Sequence[tuple[int, int]], back: Sequence[tuple[int, int, int]], new: New
) -> dict[str, Any]:
    taken = {lot_id for lot_id, _ in used}
    noted = [change for change in changes if change.lot_id not in taken]
    return {
        "noted": [change.lot_id for change in noted],
        "noted_deltas": [change.delta for change in noted],
        "lots": [change.lot_id for change in changes],
        "deltas": [change.delta for change in changes],
        "states": [change.state for change in changes],
        "expiries": [change.expires_at for change in changes],
        "used": [lot_id for lot_id, _ in used],
        "used_quantities": [taken for _, taken in used],
        "back_entries": [entry_id for entry_id, _, _ in back],
        "back_lots": [lot_id for _, lot_id, _ in back],
        "back_quantities": [given for _, _, given in back],
        "new_quantity": new.quantity,
        "new_state": new.state,
        "new_expires": new.expires_at,
        "new_available": new.available_at,
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
    back: Sequence[tuple[int, int, int]] = (),
    new: New | None = None,
    until: datetime | None = None,
    settle: bool = False,
) -> bool:
    """Write one fact with everything that follows from it, in one statement that locks the account first.

    `used` is what it takes of which lots, `back` what (entry, lot, quantity) of earlier takings it gives back.  Every
    other change of a lot is written on the entry itself, with the expiry it gave (`until`): entries and takings
    alone reproduce the lots (`member/replay.py`).  With `settle` the deficit is made good out of the new lot.
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
    given = {**_of_step(step), **sums, **_of_lots(list(changes), used, back, new or New()), "until": until}
    if first(session, _APPLY, given) is not None:
        return True
    found = entry(session, step)
    if found is None or (found.quantity, found.pending, found.event) != (quantity, pending, step.event):
        raise LedgerKeyReused(key=step.key)
    return False


_TAKE = text(
    """
    WITH usable AS (
        SELECT id, remaining, sum(remaining) OVER (ORDER BY expires_at NULLS LAST, id) - remaining AS before FROM lot
        WHERE member_id = :member AND account = :account AND state = 'available' AND remaining > 0
          AND (expires_at IS NULL OR expires_at > :now)),
    parts AS (SELECT id, least(remaining, :wanted - before)::bigint AS quantity FROM usable WHERE before < :wanted),
    there AS (SELECT coalesce(sum(remaining), 0)::bigint AS quantity FROM usable),
    entry AS (
        INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at)
        SELECT :member, :account, :event, :quantity, 0, :source, :key, :actor, :now FROM there
        WHERE there.quantity >= :wanted ON CONFLICT (member_id, account, key) DO NOTHING RETURNING id),
    used AS (
        INSERT INTO lot_consumption (member_id, entry_id, lot_id, quantity, restored)
        SELECT :member, entry.id, parts.id, parts.quantity, 0 FROM entry, parts),
    changed AS (
        UPDATE lot SET remaining = lot.remaining - parts.quantity FROM parts, entry
        WHERE lot.member_id = :member AND lot.id = parts.id),
    summed AS (
        UPDATE lot_account SET balance = balance - :wanted, held = held + :d_held FROM entry
        WHERE member_id = :member AND account = :account),"""
    + _TOLD
    + " SELECT there.quantity AS there, (SELECT id FROM entry) AS entry_id FROM there"
)


def take_first_to_expire(session: Session, step: Step, quantity: int, *, held: int) -> int | None:
    """Take `quantity` of the lots in order of use, in one statement; None when done, else what there is to take.

    Call it under `lock`: the statement then sees every lot as it is.  What it answers is for lack or for a repeat,
    which `repeated` tells apart.
    """
    given = {**_of_step(step), "wanted": quantity, "quantity": -quantity, "d_held": held}
    row = fetch(session, _TAKE, given)[0]
    return None if row.entry_id is not None else int(row.there)


_POST = text(
    """
    WITH promised AS (
        SELECT -quantity AS held FROM lot_entry
        WHERE member_id = :member AND account = :account AND key = :hold AND event = 'hold'),
    locked AS (
        SELECT held FROM lot_account WHERE member_id = :member AND account = :account FOR NO KEY UPDATE),
    entry AS (
        INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at)
        SELECT :member, :account, :event, :quantity, 0, :source, :key, :actor, :now FROM promised, locked
        ON CONFLICT (member_id, account, key) DO NOTHING RETURNING id),
    summed AS (
        UPDATE lot_account SET held = lot_account.held - promised.held FROM promised, entry
        WHERE member_id = :member AND account = :account),"""
    + _TOLD
    + " SELECT promised.held, (SELECT id FROM entry) AS entry_id FROM promised"
)


def post_held(session: Session, step: Step) -> bool:
    """What the step's source held is spent, in one statement; False when it holds nothing or was posted before."""
    row = first(session, _POST, {**_of_step(step), "hold": f"{step.source}:hold", "quantity": 0})
    if row is None or row.entry_id is not None:
        return row is not None
    return not repeated(session, step, 0)


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


def lots(session: Session, member_id: int, account: str) -> list[Any]:
    """The member's lots with something left, in order of use."""
    return fetch(session, _LOTS, {"member": member_id, "account": account})


def used_by(session: Session, member_id: int, account: str, source: str) -> list[Any]:
    """What a source took of which lots and has not got back, newest expiry first."""
    return fetch(session, _USED, {"member": member_id, "account": account, "source": source})


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
    text("UPDATE top_up SET member_id = :into WHERE member_id = :source"),
    text("UPDATE wallet_due SET member_id = :into WHERE member_id = :source"),
    text("UPDATE lot_account SET balance = 0, pending = 0, held = 0, deficit = 0 WHERE member_id = :source"),
)


def lock_both(session: Session, source_id: int, into_id: int) -> None:
    """Lock every account of two members, in the order everybody locks them; the second gets those of the first."""
    both = {"source": source_id, "into": into_id}
    fetch(session, _OPEN_SAME, both)
    fetch(session, _LOCK_BOTH, both)


def move(session: Session, source_id: int, into_id: int, *, actor: str, now: datetime) -> None:
    """Give all value of one member to another (a merge); each lot keeps its origin.

    What one of them owed is made good by what the other has, so that a balance never stands beside a debt.
    """
    both = {"source": source_id, "into": into_id}
    lock_both(session, source_id, into_id)
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
