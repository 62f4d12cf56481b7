"""Points: earned, held, spent, clawed back, given back; the words of the programme over the lot ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import month_end
from config.db import fetch, first
from member import ledger
from member.ledger import Change, New, PointsShort, Step
from member.terms import terms_at

POINTS = "points"


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's points.  `deficit` is owed from returns after the points were spent."""

    available: int
    pending: int
    held: int
    deficit: int
    expiring: int
    expiring_at: datetime | None


def _step(member_id: int, event: str, source: str, key: str, actor: str, now: datetime) -> Step:
    return Step(member_id, POINTS, event, source, key, actor, now)


def earn(
    session: Session, member_id: int, points: int, *, source: str, key: str, pending: bool, actor: str, now: datetime
) -> bool:
    """Credit points, at once or on their way.  A deficit is made good first.  False on a repeat."""
    assert points > 0, points
    step = _step(member_id, "earn", source, key, actor, now)
    if pending:
        return ledger.apply(session, step, pending=points, new=New(points, points, "pending"))
    expires_at = month_end(now, terms_at(now).valid_months)
    return ledger.apply(
        session, step, quantity=points, balance=points, new=New(points, points, "available", expires_at), settle=True
    )


def confirm(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> int:
    """What a source had on its way becomes spendable; returns how many.  A second call finds none."""
    account = ledger.lock(session, member_id, POINTS)
    waiting = [
        lot for lot in ledger.lots(session, member_id, POINTS) if lot.state == "pending" and lot.source == source
    ]
    total = sum(lot.remaining for lot in waiting)
    if not total:
        return 0
    owed = left = min(int(account.deficit), total)
    expires_at, changes = month_end(now, terms_at(now).valid_months), []
    for lot in waiting:
        part = min(left, lot.remaining)
        left -= part
        changes.append(Change(lot.id, -part, "available", expires_at))
    ledger.apply(
        session,
        _step(member_id, "confirm", source, f"{source}:confirm", actor, now),
        quantity=total,
        pending=-total,
        balance=total - owed,
        deficit=-owed,
        changes=changes,
    )
    return int(total)


def hold(session: Session, member_id: int, points: int, *, source: str, actor: str, now: datetime) -> bool:
    """Promise points to an order; raises PointsShort and changes nothing.  False on a repeat."""
    return _take(session, _step(member_id, "hold", source, f"{source}:hold", actor, now), points, held=points)


def spend(session: Session, member_id: int, points: int, *, source: str, actor: str, now: datetime) -> bool:
    """Hold and post in one step (a till sale); raises PointsShort.  False on a repeat."""
    return _take(session, _step(member_id, "spend", source, f"{source}:spend", actor, now), points, held=0)


def _take(session: Session, step: Step, points: int, *, held: int) -> bool:
    assert points > 0, points
    account = ledger.lock(session, step.member_id, POINTS)
    usable = [
        lot
        for lot in ledger.lots(session, step.member_id, POINTS)
        if lot.state == "available" and (lot.expires_at is None or lot.expires_at > step.now)
    ]
    parts = ledger.take(usable, points)
    if account.balance < points or sum(part for _, part in parts) < points:
        if ledger.repeated(session, step, -points):
            return False
        raise PointsShort(asked=points, available=min(account.balance, sum(lot.remaining for lot in usable)))
    return ledger.apply(
        session,
        step,
        quantity=-points,
        balance=-points,
        held=held,
        changes=[Change(lot_id, -part) for lot_id, part in parts],
        used=parts,
    )


_HELD = text("SELECT -quantity FROM lot_entry WHERE member_id = :member AND account = 'points' AND key = :key")


def _held(session: Session, member_id: int, source: str) -> int:
    return int(session.execute(_HELD, {"member": member_id, "key": f"{source}:hold"}).scalar() or 0)


def post(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> bool:
    """What an order held is spent; False when it holds nothing or was posted before."""
    ledger.lock(session, member_id, POINTS)
    points = _held(session, member_id, source)
    return bool(points) and ledger.apply(
        session, _step(member_id, "post", source, f"{source}:settle", actor, now), held=-points
    )


def release(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> bool:
    """What an order held goes back into its own lots; one that expired meanwhile gets three days."""
    account = ledger.lock(session, member_id, POINTS)
    points = _held(session, member_id, source)
    step = _step(member_id, "release", source, f"{source}:settle", actor, now)
    if not points or ledger.entry(session, step) is not None:
        return False
    return _give_back(
        session, step, points, account.deficit, held=-points, grace_until=now + terms_at(now).release_grace
    )


def reinstate(
    session: Session, member_id: int, points: int, *, source: str, key: str, actor: str, now: datetime
) -> bool:
    """Points a source spent go back into their own lots, the newest expiry first; False on a repeat.

    An expired lot lives until 30 days from now.  Never more than was taken and not yet given back.
    """
    account = ledger.lock(session, member_id, POINTS)
    step = _step(member_id, "reinstate", source, key, actor, now)
    if ledger.repeated(session, step, points):
        return False
    return _give_back(session, step, points, account.deficit, held=0, grace_until=now + terms_at(now).reinstate_for)


def _give_back(session: Session, step: Step, points: int, deficit: int, *, held: int, grace_until: datetime) -> bool:
    left, owed = points, min(deficit, points)
    to_lots, changes, restored = points - owed, [], []
    for row in ledger.used_by(session, step.member_id, POINTS, step.source):
        part = min(left, row.quantity)
        if part:
            credit = min(part, to_lots)
            expired = row.expires_at is not None and row.expires_at <= step.now
            changes.append(Change(row.lot_id, credit, expires_at=grace_until if expired else None))
            restored.append((row.entry_id, row.lot_id, part))
            left, to_lots = left - part, to_lots - credit
    assert left == 0, f"{left} points more to give back than were taken"
    ledger.mark_restored(session, step.member_id, restored)
    return ledger.apply(
        session, step, quantity=points, balance=points - owed, deficit=-owed, held=held, changes=changes
    )


def claw(session: Session, member_id: int, points: int, *, source: str, key: str, actor: str, now: datetime) -> int:
    """Take back points that a source earned; returns what became a deficit.

    First what is still on its way, then the source's own lot, then others by expiry; the rest is owed and
    absorbed by what is earned next.  A repeat changes nothing.
    """
    ledger.lock(session, member_id, POINTS)
    step = _step(member_id, "claw", source, key, actor, now)
    if ledger.repeated(session, step, -points):
        return 0
    found = ledger.lots(session, member_id, POINTS)
    own = [lot for lot in found if lot.source == source]
    waiting = ledger.take([lot for lot in own if lot.state == "pending"], points)
    from_pending = sum(part for _, part in waiting)
    ready = [lot for lot in own if lot.state == "available"]
    ready += [lot for lot in found if lot.state == "available" and lot.source != source]
    taken = ledger.take(ready, points - from_pending)
    from_balance = sum(part for _, part in taken)
    owed = points - from_pending - from_balance
    ledger.apply(
        session,
        step,
        quantity=from_pending - points,
        pending=-from_pending,
        balance=-from_balance,
        deficit=owed,
        changes=[Change(lot_id, -part) for lot_id, part in waiting + taken],
        used=waiting + taken,
    )
    return owed


_DUE = text(
    "SELECT DISTINCT member_id FROM lot WHERE account = 'points' AND state = 'available' AND remaining > 0"
    " AND expires_at <= :now ORDER BY member_id LIMIT :most"
)


def expire_due(session: Session, *, now: datetime, most: int) -> int:
    """Lots whose time is over leave the balance, of at most `most` members; returns how many members."""
    members = list(session.scalars(_DUE, {"now": now, "most": most}))
    for member_id in members:
        ledger.lock(session, member_id, POINTS)
        due = [
            lot
            for lot in ledger.lots(session, member_id, POINTS)
            if lot.state == "available" and lot.expires_at is not None and lot.expires_at <= now
        ]
        for lot in due:
            step = _step(
                member_id, "expire", f"lot:{lot.id}", f"lot:{lot.id}:expire:{lot.expires_at:%Y%m%d%H}", "clock", now
            )
            ledger.apply(
                session, step, quantity=-lot.remaining, balance=-lot.remaining, changes=[Change(lot.id, -lot.remaining)]
            )
    return len(members)


_BALANCE = text(
    "SELECT balance, pending, held, deficit FROM lot_account WHERE member_id = :member AND account = 'points'"
)
_EXPIRING = text(
    "SELECT expires_at, sum(remaining)::bigint AS points FROM lot WHERE member_id = :member"
    " AND account = 'points' AND state = 'available' AND remaining > 0 AND expires_at IS NOT NULL"
    " GROUP BY 1 ORDER BY 1 LIMIT 1"
)


def balance(session: Session, member_id: int) -> Balance:
    """A member's points now, and what expires next."""
    sums = fetch(session, _BALANCE, {"member": member_id})[0]
    soon = first(session, _EXPIRING, {"member": member_id})
    return Balance(
        sums.balance,
        sums.pending,
        sums.held,
        sums.deficit,
        soon.points if soon else 0,
        soon.expires_at if soon else None,
    )


_HISTORY = text(
    "SELECT id, at, event, quantity, pending, source FROM lot_entry WHERE member_id = :member"
    " AND account = 'points' AND event <> 'post' AND (quantity <> 0 OR pending <> 0) ORDER BY id DESC LIMIT :most"
)


def history(session: Session, member_id: int, *, most: int) -> list[dict[str, Any]]:
    """The newest entries; `points` of one on its way is what will come."""
    return [
        {
            "at": row.at.isoformat(),
            "event": row.event,
            "points": row.quantity or row.pending,
            "state": "pending" if not row.quantity else "done",
            "source": row.source,
        }
        for row in session.execute(_HISTORY, {"member": member_id, "most": most})
    ]


def check(session: Session) -> list[dict[str, Any]]:
    """The nightly proof of every account; empty when all is well."""
    return ledger.differences(session)
