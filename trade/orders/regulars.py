"""Customers whom a store knows: who they are by four digits of a phone, and what is worth a word at the counter.

A talking point is `{kind, ...facts}`; the first `MOST` of this order are said, for a cashier reads no list:

    kind      when                                                 facts
    pickup    a parcel of theirs lies ready in this store          n
    birthday  today or in the next 7 days                          days
    coupon    a coupon of theirs ends within 3 days                n, until
    points    points of theirs expire within 30 days               n, until
    usual     they bought it on 2 days or more in the last 90      name

Names and amounts of others' sales are no part of it, nor is the phone.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import SHANGHAI
from config.db import first

MOST = 2
MOST_FOUND = 9
KNOWN_FOR = timedelta(days=365)

_BY_TAIL = text("""
    SELECT m.id FROM member m
    WHERE m.phone_tail = :tail AND m.merged_into_id IS NULL AND m.erased_at IS NULL
      AND (m.home_store_id = :store OR EXISTS (
          SELECT 1 FROM sale_order o WHERE o.member_id = m.id AND o.store_id = :store AND o.placed_at > :since))
    ORDER BY m.id LIMIT :most""")

_POINTS = text("""
    SELECT m.birthday,
        (SELECT count(*) FROM parcel p JOIN sale_order o ON o.store_id = p.store_id AND o.id = p.order_id
         WHERE o.member_id = m.id AND p.at_store_id = :store AND p.mode = 'pickup' AND p.state = 'ready') AS ready,
        coupon.n AS coupons, coupon.until AS coupon_until, lot.n AS points, lot.until AS points_until, usual.name
    FROM member m,
        LATERAL (SELECT count(*) AS n, min(c.valid_until_at) AS until FROM coupon c
                 WHERE c.member_id = m.id AND c.state = 'issued' AND c.valid_from_at <= :now
                   AND c.valid_until_at > :now AND c.valid_until_at < :coupons_by) AS coupon,
        LATERAL (SELECT coalesce(sum(l.remaining), 0)::bigint AS n, min(l.expires_at) AS until FROM lot l
                 WHERE l.member_id = m.id AND l.account = 'points' AND l.state = 'available' AND l.remaining > 0
                   AND l.expires_at > :now AND l.expires_at < :points_by) AS lot
        LEFT JOIN LATERAL (
            SELECT l.name FROM sale_order o JOIN order_line l ON l.store_id = o.store_id AND l.order_id = o.id,
                LATERAL CAST(o.placed_at AT TIME ZONE 'Asia/Shanghai' AS date) AS day
            WHERE o.member_id = m.id AND o.placed_at > :bought_since AND o.paid_at IS NOT NULL AND NOT l.gift
            GROUP BY l.sku_id, l.name HAVING count(DISTINCT day) > 1
            ORDER BY count(DISTINCT day) DESC, max(o.placed_at) DESC LIMIT 1) AS usual ON true
    WHERE m.id = :member AND m.merged_into_id IS NULL""")


def known_by_tail(session: Session, store_id: int, tail: str, *, now: datetime) -> list[int]:
    """Members of these last four digits who are at home in the store or bought there within a year; at most nine."""
    about = {"store": store_id, "tail": tail, "since": now - KNOWN_FOR, "most": MOST_FOUND}
    return list(session.scalars(_BY_TAIL, about))


def days_to(birthday: date, today: date) -> int:
    """Days until the next birthday; the 29th of February is kept on the 28th in other years."""
    for year in (today.year, today.year + 1):
        day = 28 if (birthday.month, birthday.day) == (2, 29) and year % 4 else birthday.day
        if (left := (date(year, birthday.month, day) - today).days) >= 0:
            return left
    raise AssertionError(birthday)


def talking_points(session: Session, member_id: int, store_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """What is worth a word to this customer, at most two; one statement, and nothing is written."""
    moments = {
        "now": now,
        "coupons_by": now + timedelta(days=3),
        "points_by": now + timedelta(days=30),
        "bought_since": now - timedelta(days=90),
    }
    row = first(session, _POINTS, {"member": member_id, "store": store_id} | moments)
    if row is None:
        return []
    found: list[dict[str, Any]] = []
    if row.ready:
        found.append({"kind": "pickup", "n": row.ready})
    if row.birthday and (days := days_to(row.birthday, now.astimezone(SHANGHAI).date())) <= 7:
        found.append({"kind": "birthday", "days": days})
    if row.coupons:
        found.append({"kind": "coupon", "n": row.coupons, "until": row.coupon_until.isoformat()})
    if row.points:
        found.append({"kind": "points", "n": row.points, "until": row.points_until.isoformat()})
    if row.name:
        found.append({"kind": "usual", "name": row.name})
    return found[:MOST]
