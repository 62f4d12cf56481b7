"""What members are told of their own points and coupons: once a day at most, by day, and never to sell anything.

Rows are written for members who can be reached only: everybody else sees the same in the mini-program.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import SHANGHAI
from config.db import fetch
from member.reach.kinds import KINDS

FROM_H, TO_H = 9, 21
"""Hours of Beijing in which a reminder is sent."""
SPREAD_S = 2 * 3600
"""So long from nine on the morning's reminders are spread, by member."""
COUPON_DAYS = 3
"""So long before its end a member is told of a coupon that was good for longer."""

_REACHABLE = """EXISTS (SELECT FROM message_consent c JOIN identity i ON i.kind = 'openid' AND i.fingerprint = c.person
    WHERE i.member_id = due.member_id AND c.kind = :kind AND c.message_id IS NULL AND c.ended_at IS NULL)"""
_INSERT = """
    INSERT INTO message (member_id, kind, event, subject, version, data, asked_at, next_at, until_at)
    SELECT due.member_id, :kind, due.event, 'member:' || due.member_id, due.version, due.data, :now,
        CAST(:next AS timestamptz) + make_interval(secs => due.member_id % :spread), :until
    FROM due WHERE {reachable}
    ON CONFLICT (subject, event, version) DO NOTHING RETURNING id"""
_EXPIRING = text(f"""
    WITH due AS (SELECT f.member_id, 'points_expiring_' || CAST(:days AS bigint) AS event,
            CAST(extract(epoch FROM f.expires_at) AS bigint) AS version, jsonb_build_object('points', f.points,
                'until', f.expires_at, 'days', CAST(:days AS bigint)) AS data
        FROM unnest(CAST(:members AS bigint[]), CAST(:points AS bigint[]), CAST(:ends AS timestamptz[]))
            AS f(member_id, points, expires_at))
    {_INSERT.format(reachable=_REACHABLE)}""")
_COUPONS = text(f"""
    WITH due AS (SELECT coupon.member_id, 'coupon_expiring' AS event,
            CAST(to_char(min(coupon.valid_until_at) AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') AS bigint) AS version,
            jsonb_build_object('name', (array_agg(t.name ORDER BY coupon.valid_until_at, coupon.id))[1],
                'coupons', count(*), 'until', min(coupon.valid_until_at)) AS data
        FROM coupon JOIN coupon_template t ON t.id = coupon.template_id
        WHERE coupon.state = 'issued' AND coupon.valid_until_at > :now AND coupon.valid_until_at <= :ends
            AND coupon.valid_until_at - coupon.valid_from_at > CAST(:notice AS interval)
        GROUP BY coupon.member_id, date_trunc('day', coupon.valid_until_at AT TIME ZONE 'Asia/Shanghai'))
    {_INSERT.format(reachable=_REACHABLE)}""")
_CHANGED = text(f"""
    WITH asked AS (SELECT DISTINCT i.member_id FROM message_consent c
            JOIN identity i ON i.kind = 'openid' AND i.fingerprint = c.person
            WHERE c.kind = :kind AND c.message_id IS NULL AND c.ended_at IS NULL),
    due AS (SELECT e.member_id, 'points' AS event, CAST(:version AS bigint) AS version,
            jsonb_build_object('points', sum(e.quantity), 'at', max(e.at)) AS data
        FROM asked JOIN lot_entry e ON e.member_id = asked.member_id AND e.account = 'points'
            AND e.at >= :since AND e.at < :ends
        GROUP BY e.member_id HAVING sum(e.quantity) <> 0)
    {_INSERT.format(reachable="true")}""")


def by_day(now: datetime) -> datetime:
    """When a reminder goes out: now, or at nine in the morning."""
    local = now.astimezone(SHANGHAI)
    if FROM_H <= local.hour < TO_H:
        return now
    morning = local.replace(hour=FROM_H, minute=0, second=0, microsecond=0)
    return morning if local.hour < FROM_H else morning + timedelta(days=1)


def _write(session: Session, statement: Any, kind: str, now: datetime, **given: Any) -> int:
    at = by_day(now)
    spread = 1 if at == now else SPREAD_S  # pickup codes must not wait behind the whole chain's reminders
    times = {"now": now, "next": at, "until": at + KINDS[kind].good_for, "spread": spread}
    return len(fetch(session, statement, {**given, **times, "kind": kind}))


def expiring(session: Session, due: Sequence[Any], days: int, *, now: datetime) -> int:
    """Tell of points that expire in `days` (rows with member_id, points, expires_at); returns how many are told."""
    given = {
        "members": [row.member_id for row in due],
        "points": [row.points for row in due],
        "ends": [row.expires_at for row in due],
    }
    return _write(session, _EXPIRING, "points_expiring", now, days=days, **given)


def coupons(session: Session, *, now: datetime) -> int:
    """Tell of coupons that end within COUPON_DAYS, one message for each member and day; returns how many."""
    notice = timedelta(days=COUPON_DAYS)
    return _write(session, _COUPONS, "coupon_expiring", now, ends=now + notice, notice=notice)


def changed(session: Session, *, now: datetime) -> int:
    """Tell, once a day, who asked for it what yesterday (Beijing) did to their points; returns how many."""
    today = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=1)
    version = int(since.strftime("%Y%m%d"))
    return _write(session, _CHANGED, "points", now, since=since, ends=today, version=version)
