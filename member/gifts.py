"""Points for something other than an order: joining, a profile, signing in, a review.

Each gift has its own source, `gift:<kind>:<reference>`, so that it comes once and can be taken back; each kind has a
limit a store day.  The member and then the account are locked before the day's gifts are counted, so the limit holds
in any race.  A gift may bring growth too, which counts for the tier at once.  Joining and the complete profile bring
theirs once in a life, whoever was merged into the member.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import business_day, day_began
from config.db import fetch, first
from config.errors import Refused
from member import growth, ledger, lots, tiers
from member.growth import GROWTH, Deed
from member.ledger import Step
from member.points import POINTS
from member.terms import Gift, terms_at

ONCE = ("register", "profile")
WEEK, SHOWN_BEFORE = 7, 3
"""So many days of a row of sign-ins are shown, and so many of them before today."""


class AlreadySignedIn(Refused):
    """The member signed in on this store day already."""

    code = "already_signed_in"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One day's sign-in: its points, and how many days in a row it makes."""

    day: date
    points: int
    streak: int


_TODAY = text("""
    SELECT count(DISTINCT source) AS times FROM lot_entry
    WHERE member_id = :member AND account IN ('points', 'growth') AND event = 'earn' AND source LIKE :kind
      AND at >= :since""")
_DAYS = text("""
    SELECT DISTINCT substr(source, 14) AS day FROM lot_entry
    WHERE member_id = :member AND account IN ('points', 'growth') AND event = 'earn' AND source LIKE 'gift:sign_in:%'
    AND at >= :since ORDER BY 1 DESC""")
_GIVEN = text("""
    SELECT account, (quantity + pending)::bigint AS value, at FROM lot_entry
    WHERE member_id = :member AND account IN ('points', 'growth') AND source = :source AND event = 'earn'""")


def give(session: Session, member_id: int, kind: str, reference: str, *, actor: str, now: datetime) -> int:
    """Give what the terms promise for a deed, once for its `reference`; returns the points, 0 when nothing is due.

    Nothing is due on a repeat, over the day's limit, or when the terms give nothing for it.
    """
    gift = terms_at(now, session).gifts.get(kind)
    if gift is None or not (gift.points or gift.growth):
        return 0
    _lock(session, member_id)
    if kind in ONCE and had(session, member_id, kind):
        return 0
    told = {"member": member_id, "kind": f"gift:{kind}:%", "since": day_began(now)}
    if fetch(session, _TODAY, told)[0].times >= gift.per_day:
        return 0
    return gift.points if _credit(session, member_id, kind, reference, gift, gift.points, actor, now) else 0


_HAD = text(
    "SELECT 1 AS yes FROM lot_entry WHERE member_id = :member AND account IN ('points', 'growth') AND event = 'earn'"
    " AND source LIKE :kind LIMIT 1"
)


def had(session: Session, member_id: int, kind: str) -> bool:
    """Whether a member ever got a gift of a kind."""
    return first(session, _HAD, {"member": member_id, "kind": f"gift:{kind}:%"}) is not None


def _lock(session: Session, member_id: int) -> None:
    """The member before their account, as everywhere where growth may change a tier."""
    tiers.lock(session, [member_id])
    ledger.lock(session, member_id, POINTS)


def _credit(
    session: Session, member_id: int, kind: str, reference: str, gift: Gift, points: int, actor: str, now: datetime
) -> bool:
    source = f"gift:{kind}:{reference}"
    if first(session, _GIVEN, {"member": member_id, "source": source}):
        return False
    expires_at = terms_at(now, session).expiry(now, months=gift.valid_months)
    if points:
        step = Step(member_id, POINTS, "earn", source, source, actor, now)
        lots.earn(session, step, points, pending=False, expires_at=expires_at)
    if gift.growth:
        _grow(session, Deed(member_id, source, now, gift.growth, 0, now), actor, now)
    return True


def _grow(session: Session, deed: Deed, actor: str, now: datetime) -> None:
    growth.settle(session, [deed], actor=actor, now=now)
    tiers.judge(session, [deed.member_id], actor=actor, now=now)


def sign_in(session: Session, member_id: int, *, actor: str, now: datetime) -> SignedIn:
    """The day's sign-in (签到), once a store day; the days of `streak` bring more.

    :raises AlreadySignedIn: nothing changes.
    """
    gift = terms_at(now, session).gifts.get("sign_in", Gift(0))
    today = business_day(now)
    _lock(session, member_id)
    days = _days(session, member_id, now)
    if today.isoformat() in days:
        raise AlreadySignedIn(day=today.isoformat())
    streak = 1 + _before(days, today)
    points = _of_day(gift, streak)
    if points or gift.growth:
        _credit(session, member_id, "sign_in", today.isoformat(), gift, points, actor, now)
    return SignedIn(today, points, streak)


def _days(session: Session, member_id: int, now: datetime) -> set[str]:
    return {row.day for row in fetch(session, _DAYS, {"member": member_id, "since": now - timedelta(days=40)})}


def _before(days: set[str], today: date) -> int:
    """How many days in a row there are up to yesterday."""
    streak = 0
    while (today - timedelta(days=streak + 1)).isoformat() in days:
        streak += 1
    return streak


def _of_day(gift: Gift, streak: int) -> int:
    return gift.points + max((more for every, more in gift.streak.items() if streak % every == 0), default=0)


def sign_ins(session: Session, member_id: int, *, now: datetime) -> dict[str, Any] | None:
    """How a member's signing in stands; None where the terms give nothing for it.

    `streak` days in a row up to today, or to yesterday while they have not `signed` today; `days` are today and what
    follows of it, each with its number in the row, its points, and whether it is done.
    """
    gift = terms_at(now, session).gifts.get("sign_in", Gift(0))
    if not (gift.points or gift.growth):
        return None
    today, known = business_day(now), _days(session, member_id, now)
    signed, before = today.isoformat() in known, _before(known, today)
    first_day = max(1, before + 1 - SHOWN_BEFORE)
    days = [
        {
            "n": n,
            "points": _of_day(gift, n),
            "done": n <= before or (signed and n == before + 1),
            "today": n == before + 1,
        }
        for n in range(first_day, first_day + WEEK)
    ]
    return {"signed": signed, "streak": before + signed, "days": days}


def take_away(session: Session, member_id: int, kind: str, reference: str, *, actor: str, now: datetime) -> int:
    """Take a gift back (a review that was removed), its growth too; returns the points.  A second call finds none."""
    source = f"gift:{kind}:{reference}"
    _lock(session, member_id)
    given = {row.account: row for row in fetch(session, _GIVEN, {"member": member_id, "source": source})}
    back = 0
    if POINTS in given:
        step = Step(member_id, POINTS, "claw", source, f"{source}:void", actor, now)
        if ledger.entry(session, step) is None:
            back = int(given[POINTS].value)
            lots.claw(session, step, back)
    if GROWTH in given:
        grown = given[GROWTH]
        _grow(session, Deed(member_id, source, grown.at, grown.value, grown.value, grown.at), actor, now)
    return back
