"""A group that is not full in time, or whose offer ended: every order of it is refunded in full."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from trade.orders import close, telling
from trade.orders.groups import moves

REASON = "group_failed"

_DUE = text("""
    SELECT g.id FROM group_buy g JOIN promotion p ON p.id = g.promotion_id
    WHERE g.state = 'open' AND (g.fill_by <= :now OR p.state = 'ended') ORDER BY g.fill_by, g.id LIMIT :most""")
_LOCK = text("""
    SELECT g.*, p.state AS offer_state FROM group_buy g JOIN promotion p ON p.id = g.promotion_id
    WHERE g.id = :group AND g.state = 'open' FOR NO KEY UPDATE OF g""")
_ORDERS = text("""
    SELECT store_id, order_id FROM group_seat WHERE group_id = :group AND state = 'taken'
    ORDER BY store_id, order_id""")


def due(session: Session, *, now: datetime, most: int) -> list[int]:
    """Open groups whose time is over, or whose offer is."""
    return [row.id for row in fetch(session, _DUE, {"now": now, "most": most})]


def fail(session: Session, group_id: int, *, actor: str, now: datetime) -> int:
    """End a group that will not be full, all its orders with it; returns how many.

    Money, stored value, stock and quotas go back by the way of every refused order.  In one transaction: either all are
    refunded or the group still waits.  A repeat, or one whose last place was paid meanwhile, changes nothing.
    """
    group: Any = first(session, _LOCK, {"group": group_id})
    if group is None or (group.fill_by > now and group.offer_state != "ended"):
        return 0
    why = "time_over" if group.fill_by <= now else "offer_ended"
    moves.move(session, group_id, "fail", actor=actor, now=now, why=why)
    telling.group(session, group_id, "group_failed", actor=actor, now=now)
    orders = fetch(session, _ORDERS, {"group": group_id})
    for order in orders:
        close.refuse(session, order.store_id, order.order_id, REASON, actor=actor, now=now)
    return len(orders)
