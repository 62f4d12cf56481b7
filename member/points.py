"""Points: the words of the programme over the lots (members-mall-orders.md 3.1 and 3.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import business_day, day_began
from config.db import fetch, first
from config.errors import Refused
from member import ledger, lots
from member.ledger import Step
from member.lots import Balance
from member.terms import Terms, terms_at

POINTS = "points"


class PointsShort(Refused):
    """There is less to spend than asked; `available` says how much."""

    code = "points_short"


def _step(member_id: int, event: str, source: str, key: str, actor: str, now: datetime) -> Step:
    return Step(member_id, POINTS, event, source, key, actor, now)


def earn(
    session: Session,
    member_id: int,
    points: int,
    *,
    source: str,
    key: str,
    pending: bool,
    actor: str,
    now: datetime,
    available_at: datetime | None = None,
) -> bool:
    """Credit points, at once or on their way (until `available_at`, where known).  A deficit is made good first.

    False on a repeat.
    """
    step = _step(member_id, "earn", source, key, actor, now)
    expires_at = terms_at(now, session).expiry(now)
    return lots.earn(session, step, points, pending=pending, expires_at=expires_at, available_at=available_at)


def confirm(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> int:
    """What a source had on its way becomes spendable; returns how many.  A second call finds none."""
    step = _step(member_id, "confirm", source, f"{source}:confirm", actor, now)
    return lots.confirm(session, step, expires_at=terms_at(now, session).expiry(now))


def arrive_at(session: Session, member_id: int, at: datetime, *, source: str, actor: str, now: datetime) -> bool:
    """Say when what a source has on its way becomes spendable; False when it has nothing."""
    return lots.arrive_at(session, _step(member_id, "confirm", source, "", actor, now), at)


def confirm_due(session: Session, *, now: datetime, most: int) -> int:
    """What has waited long enough becomes spendable, of at most `most` sources; returns how many sources."""
    due = lots.arriving(session, POINTS, now=now, most=most)
    for member_id, source in due:
        confirm(session, member_id, source=source, actor="clock", now=now)
    return len(due)


def void(session: Session, member_id: int, *, source: str, actor: str, now: datetime) -> int:
    """What a source had on its way never comes; returns how many.  A second call finds none."""
    return lots.void(session, _step(member_id, "void", source, f"{source}:void", actor, now))


def adjust(session: Session, member_id: int, points: int, *, source: str, actor: str, now: datetime) -> bool:
    """Put right by hand, up or down; raises PointsShort.  False on a repeat."""
    step = _step(member_id, "adjust", source, source, actor, now)
    try:
        return lots.adjust(session, step, points, expires_at=terms_at(now, session).expiry(now))
    except lots.Short as short:
        raise PointsShort(asked=short.asked, available=short.available) from short


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


_REACH = text("""
    SELECT a.balance, a.deficit, coalesce((SELECT sum(remaining) FROM lot WHERE lot.member_id = a.member_id
        AND lot.account = a.account AND lot.source = :source AND lot.state = 'pending'), 0)::bigint AS waiting
    FROM lot_account a WHERE a.member_id = :member AND a.account = 'points'""")


def within_reach(session: Session, member_id: int, source: str, *, coming: int) -> int:
    """How many points a claw of `source` finds, after `coming` points were given back.

    Not locked (points come after stock): who acts on it compares with what the claw then says.
    """
    row = fetch(session, _REACH, {"member": member_id, "source": source})[0]
    return int(row.waiting + row.balance + max(coming - row.deficit, 0))


_SO_FAR = text("""
    SELECT coalesce(sum(quantity + pending) FILTER (WHERE event IN ('earn', 'void', 'claw') AND at >= :day), 0)::bigint
               AS today,
           coalesce(sum(quantity + pending) FILTER (WHERE event IN ('earn', 'void', 'claw')), 0)::bigint AS this_month,
           coalesce(-sum(quantity) FILTER (WHERE event IN ('hold', 'spend', 'release', 'reinstate') AND at >= :day),
                    0)::bigint AS spent_today
    FROM lot_entry WHERE member_id = :member AND account = 'points' AND source LIKE 'order:%' AND at >= :month""")


def so_far(session: Session, member_id: int, terms: Terms, now: datetime) -> tuple[int, int, int]:
    """What orders brought this store day and this month, and what they used today; asked only where terms limit it."""
    if terms.max_per_day is None and terms.max_per_month is None and terms.redeem_max_per_day is None:
        return 0, 0, 0
    given = {"member": member_id, "day": day_began(now), "month": day_began(now, of_month=True)}
    row = fetch(session, _SO_FAR, given)[0]
    return max(row.today, 0), max(row.this_month, 0), max(row.spent_today, 0)


def room(session: Session, member_id: int, points: int, *, now: datetime) -> int:
    """How many of `points` an order may bring within the terms' day and month, counted under the account's lock.

    What a quote says is read without it, so that two orders at once may both count on the same rest; this does not.
    """
    terms = terms_at(now, session)
    limits = [terms.max_per_day, terms.max_per_month]
    if limits == [None, None]:
        return points
    ledger.lock(session, member_id, POINTS)
    today, this_month, _ = so_far(session, member_id, terms, now)
    rests = [limit - used for limit, used in zip(limits, (today, this_month), strict=True) if limit is not None]
    return max(min([points, *rests]), 0)


_USED_UP = text("SELECT used FROM points_budget WHERE kind = 'write_off' AND period = :period")
_USE_UP = text("""
    INSERT INTO points_budget (kind, period, used) SELECT 'write_off', :period, :points WHERE :points <= :most
    ON CONFLICT (kind, period) DO UPDATE SET used = points_budget.used + :points
    WHERE points_budget.used + :points <= :most RETURNING used""")


def left_to_write_off(session: Session, terms: Terms, now: datetime) -> int:
    """How many points may still be forgotten this month, over the whole chain."""
    row = first(session, _USED_UP, {"period": business_day(now).replace(day=1)})
    return max(terms.write_off_per_month - (int(row.used) if row else 0), 0)


def write_off(session: Session, points: int, *, now: datetime) -> bool:
    """Use up the month's budget, in one guarded statement; False when less is left."""
    most = terms_at(now, session).write_off_per_month
    given = {"period": business_day(now).replace(day=1), "points": points, "most": most}
    return first(session, _USE_UP, given) is not None


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


_IN_DEBT = text("""
    SELECT member_id, deficit FROM lot_account WHERE account = 'points' AND deficit >= :least
    ORDER BY deficit DESC, member_id LIMIT :most""")


def in_debt(session: Session, *, least: int, most: int) -> list[Any]:
    """Members who owe at least so many points, the largest debts first; (member_id, deficit)."""
    return fetch(session, _IN_DEBT, {"least": least, "most": most})


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
