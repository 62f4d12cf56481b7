"""What can happen to value in lots: earned, held, spent, taken back, given back, expired, adjusted; any account.

`member/points.py` and its like say what an account's value is worth and by which terms; the words here know only
lots.  Every word is safe to say twice: its key makes a repeat change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from member import ledger
from member.ledger import Change, New, Step
from member.replay import Kept, replayed


class Short(Exception):
    """There is less to spend than asked; the account's own room refuses in its own words."""

    def __init__(self, asked: int, available: int) -> None:
        super().__init__(asked, available)
        self.asked, self.available = asked, available


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's sums of one account.  `deficit` is owed after value was spent that had to go back."""

    available: int
    pending: int
    held: int
    deficit: int
    expiring: int
    expiring_at: datetime | None


def earn(
    session: Session,
    step: Step,
    quantity: int,
    *,
    pending: bool,
    expires_at: datetime | None,
    available_at: datetime | None = None,
) -> bool:
    """Credit a new lot, at once or on its way (until `available_at`, where known).  A deficit is made good first.

    One statement.  False on a repeat.
    """
    assert quantity > 0, quantity
    if pending:
        new = New(quantity, "pending", available_at=available_at)
        return ledger.apply(session, step, pending=quantity, new=new)
    new = New(quantity, "available", expires_at)
    return ledger.apply(session, step, quantity=quantity, balance=quantity, new=new, until=expires_at, settle=True)


def _waiting(session: Session, step: Step) -> list[Any]:
    """What the step's source has on its way, in order of use."""
    found = ledger.lots(session, step.member_id, step.account)
    return [lot for lot in found if lot.state == "pending" and lot.source == step.source]


def confirm(session: Session, step: Step, *, expires_at: datetime | None) -> int:
    """What the step's source had on its way becomes spendable; returns how much.  A second call finds none."""
    account = ledger.lock(session, step.member_id, step.account)
    waiting = _waiting(session, step)
    total = sum(lot.remaining for lot in waiting)
    if not total:
        return 0
    owed = left = min(int(account.deficit), total)
    changes = []
    for lot in waiting:
        part = min(left, lot.remaining)
        left -= part
        changes.append(Change(lot.id, -part, "available", expires_at))
    ledger.apply(
        session,
        step,
        quantity=total,
        pending=-total,
        balance=total - owed,
        deficit=-owed,
        changes=changes,
        until=expires_at,
    )
    return int(total)


def void(session: Session, step: Step) -> int:
    """What the step's source had on its way never comes; returns how much.  A second call finds none."""
    ledger.lock(session, step.member_id, step.account)
    waiting = _waiting(session, step)
    total = sum(lot.remaining for lot in waiting)
    if total:
        changes = [Change(lot.id, -lot.remaining, "void") for lot in waiting]
        used = [(lot.id, lot.remaining) for lot in waiting]
        ledger.apply(session, step, pending=-total, changes=changes, used=used)
    return int(total)


def take(session: Session, step: Step, quantity: int, *, held: bool) -> bool:
    """Spend at once, or promise when `held`; lots are used in order of expiry.  False on a repeat.

    Two statements: lock, then take.

    :raises Short: there is less; nothing changes.
    """
    assert quantity > 0, quantity
    ledger.lock(session, step.member_id, step.account)
    there = ledger.take_first_to_expire(session, step, quantity, held=quantity if held else 0)
    if there is None:
        return True
    if ledger.repeated(session, step, -quantity):
        return False
    raise Short(quantity, there)


def adjust(session: Session, step: Step, quantity: int, *, expires_at: datetime | None) -> bool:
    """Put right by hand: a new lot (a deficit is made good first), or less of the lots first to expire.

    False on a repeat.

    :raises Short: there is less to take away; nothing changes.
    """
    assert quantity != 0, step
    if quantity < 0:
        return take(session, step, -quantity, held=False)
    new = New(quantity, "available", expires_at)
    return ledger.apply(session, step, quantity=quantity, balance=quantity, new=new, until=expires_at, settle=True)


_HELD = text("SELECT -quantity AS held FROM lot_entry WHERE member_id = :member AND account = :account AND key = :key")


def _held(session: Session, step: Step) -> int:
    found = first(session, _HELD, {"member": step.member_id, "account": step.account, "key": f"{step.source}:hold"})
    return int(found.held) if found else 0


def post(session: Session, step: Step) -> bool:
    """What the source held is spent, in one statement; False when it holds nothing or was posted before."""
    return ledger.post_held(session, step)


def release(session: Session, step: Step, *, grace_until: datetime) -> bool:
    """What the source held goes back into its own lots; one that expired meanwhile lives until `grace_until`."""
    account = ledger.lock(session, step.member_id, step.account)
    quantity = _held(session, step)
    if not quantity or ledger.entry(session, step) is not None:
        return False
    return _give_back(session, step, quantity, account.deficit, held=-quantity, grace_until=grace_until)


def reinstate(session: Session, step: Step, quantity: int, *, grace_until: datetime) -> bool:
    """What the source spent goes back into its own lots, the newest expiry first; False on a repeat.

    An expired lot lives until `grace_until`.  Never more than was taken and not yet given back.
    """
    account = ledger.lock(session, step.member_id, step.account)
    if ledger.repeated(session, step, quantity):
        return False
    return _give_back(session, step, quantity, account.deficit, held=0, grace_until=grace_until)


def _give_back(session: Session, step: Step, quantity: int, deficit: int, *, held: int, grace_until: datetime) -> bool:
    left, owed = quantity, min(deficit, quantity)
    to_lots, restored = quantity - owed, []
    changes: dict[int, Change] = {}
    for row in ledger.used_by(session, step.member_id, step.account, step.source):
        part = min(left, row.quantity)
        if part:
            credit = min(part, to_lots)
            expired = credit > 0 and row.expires_at is not None and row.expires_at <= step.now
            before = changes.get(row.lot_id, Change(row.lot_id, 0))
            until = grace_until if expired else before.expires_at
            changes[row.lot_id] = Change(row.lot_id, before.delta + credit, expires_at=until)
            restored.append((row.entry_id, row.lot_id, part))
            left, to_lots = left - part, to_lots - credit
    assert left == 0, f"{left} more to give back than was taken"
    return ledger.apply(
        session,
        step,
        quantity=quantity,
        balance=quantity - owed,
        deficit=-owed,
        held=held,
        changes=[change for change in changes.values() if change.delta],
        back=restored,
        until=grace_until,
    )


def claw(session: Session, step: Step, quantity: int) -> int:
    """Take back what the source earned; returns what became a deficit.

    First what is still on its way, then the source's own lot, then others by expiry; the rest is owed and
    absorbed by what is earned next.  A repeat changes nothing.
    """
    ledger.lock(session, step.member_id, step.account)
    if ledger.repeated(session, step, -quantity):
        return 0
    found = ledger.lots(session, step.member_id, step.account)
    own = [lot for lot in found if lot.source == step.source]
    waiting = ledger.take([lot for lot in own if lot.state == "pending"], quantity)
    from_pending = sum(part for _, part in waiting)
    ready = [lot for lot in own if lot.state == "available"]
    ready += [lot for lot in found if lot.state == "available" and lot.source != step.source]
    taken = ledger.take(ready, quantity - from_pending)
    from_balance = sum(part for _, part in taken)
    owed = quantity - from_pending - from_balance
    ledger.apply(
        session,
        step,
        quantity=from_pending - quantity,
        pending=-from_pending,
        balance=-from_balance,
        deficit=owed,
        changes=[Change(lot_id, -part) for lot_id, part in waiting + taken],
        used=waiting + taken,
    )
    return owed


_DUE = text(
    "SELECT DISTINCT member_id FROM lot WHERE account = :account AND state = 'available' AND remaining > 0"
    " AND expires_at <= :now ORDER BY member_id LIMIT :most"
)


def expire_due(session: Session, account: str, *, now: datetime, most: int) -> int:
    """Lots whose time is over leave the balance, of at most `most` members; returns how many members."""
    members = list(session.scalars(_DUE, {"account": account, "now": now, "most": most}))
    for member_id in members:
        ledger.lock(session, member_id, account)
        due = [
            lot
            for lot in ledger.lots(session, member_id, account)
            if lot.state == "available" and lot.expires_at is not None and lot.expires_at <= now
        ]
        for lot in due:
            key = f"lot:{lot.id}:expire:{lot.expires_at:%Y%m%d%H}"
            step = Step(member_id, account, "expire", f"lot:{lot.id}", key, "clock", now)
            ledger.apply(
                session, step, quantity=-lot.remaining, balance=-lot.remaining, changes=[Change(lot.id, -lot.remaining)]
            )
    return len(members)


_ARRIVE = text("""
    UPDATE lot SET available_at = :at WHERE member_id = :member AND account = :account AND source = :source
    AND state = 'pending' AND remaining > 0 RETURNING id""")
_ARRIVING = text("""
    SELECT DISTINCT member_id, source FROM lot WHERE account = :account AND state = 'pending' AND available_at <= :now
    AND remaining > 0 ORDER BY member_id, source LIMIT :most""")


def arrive_at(session: Session, step: Step, at: datetime) -> bool:
    """Say when what the step's source has on its way becomes spendable; False when it has nothing."""
    ledger.lock(session, step.member_id, step.account)
    given = {"member": step.member_id, "account": step.account, "source": step.source, "at": at}
    return first(session, _ARRIVE, given) is not None


def arriving(session: Session, account: str, *, now: datetime, most: int) -> list[tuple[int, str]]:
    """(member, source) of at most `most` sources whose moment to arrive has come."""
    found = fetch(session, _ARRIVING, {"account": account, "now": now, "most": most})
    return [(row.member_id, row.source) for row in found]


_REPLAYED = text("""
    SELECT e.id, e.event, e.quantity, e.pending, e.at, e.lots, e.deltas, e.settled, e.expires_at,
           (SELECT l.id FROM lot l WHERE l.member_id = e.member_id AND l.entry_id = e.id) AS new_lot,
           coalesce((SELECT array_agg(c.lot_id ORDER BY c.lot_id) FROM lot_consumption c
                     WHERE c.member_id = e.member_id AND c.entry_id = e.id), '{}') AS used,
           coalesce((SELECT array_agg(c.quantity ORDER BY c.lot_id) FROM lot_consumption c
                     WHERE c.member_id = e.member_id AND c.entry_id = e.id), '{}') AS used_quantities
    FROM lot_entry e WHERE e.member_id = :member AND e.account = :account ORDER BY e.id""")
_STORED = text("""
    SELECT id, initial, remaining, state, expires_at FROM lot
    WHERE member_id = :member AND account = :account AND entry_id IS NOT NULL""")


def stored(session: Session, member_id: int, account: str) -> dict[int, Kept]:
    """A member's lots as they are kept, by id."""
    found = fetch(session, _STORED, {"member": member_id, "account": account})
    return {row.id: Kept(row.initial, row.remaining, row.state, row.expires_at) for row in found}


def replay(session: Session, member_id: int, account: str) -> dict[int, Kept]:
    """A member's lots as their entries and consumptions alone make them; must equal `stored`.

    :raises Impossible: a fact took more than was there.
    """
    facts = fetch(session, _REPLAYED, {"member": member_id, "account": account})
    return replayed(facts)


_BALANCE = text(
    "SELECT balance, pending, held, deficit FROM lot_account WHERE member_id = :member AND account = :account"
)
_EXPIRING = text(
    "SELECT expires_at, sum(remaining)::bigint AS quantity FROM lot WHERE member_id = :member"
    " AND account = :account AND state = 'available' AND remaining > 0 AND expires_at IS NOT NULL"
    " GROUP BY 1 ORDER BY 1 LIMIT 1"
)


def balance(session: Session, member_id: int, account: str) -> Balance:
    """A member's sums now, and what expires next."""
    sums = fetch(session, _BALANCE, {"member": member_id, "account": account})[0]
    soon = first(session, _EXPIRING, {"member": member_id, "account": account})
    return Balance(
        sums.balance,
        sums.pending,
        sums.held,
        sums.deficit,
        soon.quantity if soon else 0,
        soon.expires_at if soon else None,
    )
