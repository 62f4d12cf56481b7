"""What can happen to value in lots: earned, held, spent, clawed back, given back, expired; any account.

`member/points.py` and its like say what an account's value is worth and by which terms; the words here know only
lots.  Every word is safe to say twice: its key makes a repeat change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from member import ledger
from member.ledger import Change, New, Step


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


def earn(session: Session, step: Step, quantity: int, *, pending: bool, expires_at: datetime | None) -> bool:
    """Credit a new lot, at once or on its way.  A deficit is made good first.  False on a repeat."""
    assert quantity > 0, quantity
    if pending:
        return ledger.apply(session, step, pending=quantity, new=New(quantity, quantity, "pending"))
    new = New(quantity, quantity, "available", expires_at)
    return ledger.apply(session, step, quantity=quantity, balance=quantity, new=new, settle=True)


def confirm(session: Session, step: Step, *, expires_at: datetime | None) -> int:
    """What the step's source had on its way becomes spendable; returns how much.  A second call finds none."""
    account = ledger.lock(session, step.member_id, step.account)
    waiting = [
        lot
        for lot in ledger.lots(session, step.member_id, step.account)
        if lot.state == "pending" and lot.source == step.source
    ]
    total = sum(lot.remaining for lot in waiting)
    if not total:
        return 0
    owed = left = min(int(account.deficit), total)
    changes = []
    for lot in waiting:
        part = min(left, lot.remaining)
        left -= part
        changes.append(Change(lot.id, -part, "available", expires_at))
    ledger.apply(session, step, quantity=total, pending=-total, balance=total - owed, deficit=-owed, changes=changes)
    return int(total)


def take(session: Session, step: Step, quantity: int, *, held: bool) -> bool:
    """Spend at once, or promise when `held`; lots are used in order of expiry.  False on a repeat.

    :raises Short: there is less; nothing changes.
    """
    assert quantity > 0, quantity
    account = ledger.lock(session, step.member_id, step.account)
    usable = [
        lot
        for lot in ledger.lots(session, step.member_id, step.account)
        if lot.state == "available" and (lot.expires_at is None or lot.expires_at > step.now)
    ]
    parts = ledger.take(usable, quantity)
    if account.balance < quantity or sum(part for _, part in parts) < quantity:
        if ledger.repeated(session, step, -quantity):
            return False
        raise Short(quantity, min(account.balance, sum(lot.remaining for lot in usable)))
    return ledger.apply(
        session,
        step,
        quantity=-quantity,
        balance=-quantity,
        held=quantity if held else 0,
        changes=[Change(lot_id, -part) for lot_id, part in parts],
        used=parts,
    )


_HELD = text("SELECT -quantity AS held FROM lot_entry WHERE member_id = :member AND account = :account AND key = :key")


def _held(session: Session, step: Step) -> int:
    found = first(session, _HELD, {"member": step.member_id, "account": step.account, "key": f"{step.source}:hold"})
    return int(found.held) if found else 0


def post(session: Session, step: Step) -> bool:
    """What the source held is spent; False when it holds nothing or was posted before."""
    ledger.lock(session, step.member_id, step.account)
    quantity = _held(session, step)
    return bool(quantity) and ledger.apply(session, step, held=-quantity)


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
    to_lots, changes, restored = quantity - owed, [], []
    for row in ledger.used_by(session, step.member_id, step.account, step.source):
        part = min(left, row.quantity)
        if part:
            credit = min(part, to_lots)
            expired = row.expires_at is not None and row.expires_at <= step.now
            changes.append(Change(row.lot_id, credit, expires_at=grace_until if expired else None))
            restored.append((row.entry_id, row.lot_id, part))
            left, to_lots = left - part, to_lots - credit
    assert left == 0, f"{left} more to give back than was taken"
    ledger.mark_restored(session, step.member_id, restored)
    return ledger.apply(
        session, step, quantity=quantity, balance=quantity - owed, deficit=-owed, held=held, changes=changes
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
