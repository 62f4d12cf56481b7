"""Points: the words of the programme over the lots (members-mall-orders.md 3.1 and 3.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.errors import Refused
from member import ledger, lots
from member.ledger import Step
from member.lots import Balance
from member.terms import terms_at

POINTS = "points"


class PointsShort(Refused):
    """There is less to spend than asked; `available` says how much."""

    code = "points_short"


def _step(member_id: int, event: str, source: str, key: str, actor: str, now: datetime) -> Step:
    return Step(member_id, POINTS, event, source, key, actor, now)


def earn(
    session: Session, member_id: int, points: int, *, source: str, key: str, pending: bool, actor: str, now: datetime
) -> bool:
    """Credit points, at once or on their way.  A deficit is made good first.  False on a repeat."""
    step = _step(member_id, "earn", source, key, actor, now)
    return lots.earn(session, step, points, pending=pending, expires_at=terms_at(now, session).expiry(now))


def confirm(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> int:
    """What a source had on its way becomes spendable; returns how many.  A second call finds none."""
    step = _step(member_id, "confirm", source, f"{source}:confirm", actor, now)
    return lots.confirm(session, step, expires_at=terms_at(now, session).expiry(now))


def hold(session: Session, member_id: int, points: int, *, source: str, actor: str, now: datetime) -> bool:
    """Promise points to an order; raises PointsShort and changes nothing.  False on a repeat."""
    return _take(session, _step(member_id, "hold", source, f"{source}:hold", actor, now), points, held=True)


def spend(session: Session, member_id: int, points: int, *, source: str, actor: str, now: datetime) -> bool:
    """Hold and post in one step (a till sale); raises PointsShort.  False on a repeat."""
    return _take(session, _step(member_id, "spend", source, f"{source}:spend", actor, now), points, held=False)


def _take(session: Session, step: Step, points: int, *, held: bool) -> bool:
    try:
        return lots.take(session, step, points, held=held)
    except lots.Short as short:
        raise PointsShort(asked=short.asked, available=short.available) from short


def post(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> bool:
    """What an order held is spent; False when it holds nothing or was posted before."""
    return lots.post(session, _step(member_id, "post", source, f"{source}:settle", actor, now))


def release(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> bool:
    """What an order held goes back into its own lots; one that expired meanwhile gets three days."""
    step = _step(member_id, "release", source, f"{source}:settle", actor, now)
    return lots.release(session, step, grace_until=now + terms_at(now, session).release_grace)


def reinstate(
    session: Session, member_id: int, points: int, *, source: str, key: str, actor: str, now: datetime
) -> bool:
    """Points a source spent go back into their own lots; an expired one lives until 30 days from now."""
    step = _step(member_id, "reinstate", source, key, actor, now)
    return lots.reinstate(session, step, points, grace_until=now + terms_at(now, session).reinstate_for)


def claw(session: Session, member_id: int, points: int, *, source: str, key: str, actor: str, now: datetime) -> int:
    """Take back points that a source earned; returns what became a deficit.  A repeat changes nothing."""
    return lots.claw(session, _step(member_id, "claw", source, key, actor, now), points)


def expire_due(session: Session, *, now: datetime, most: int) -> int:
    """Lots whose time is over leave the balance, of at most `most` members; returns how many members."""
    return lots.expire_due(session, POINTS, now=now, most=most)


def balance(session: Session, member_id: int) -> Balance:
    """A member's points now, and what expires next."""
    return lots.balance(session, member_id, POINTS)


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
