"""What the ends of an order know of groups: the group is locked before the order, and the place is free again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from trade.orders.groups import moves

_LOCK = text("""
    SELECT g.id FROM group_buy g WHERE g.state = 'open' AND g.id = (
        SELECT s.group_id FROM group_seat s WHERE s.store_id = :store AND s.order_id = :order AND s.state = 'taken')
    FOR NO KEY UPDATE""")


def lock(session: Session, store_id: int, order_id: int) -> None:
    """Lock the group in which an order waits, if it does; call it before the order itself is locked."""
    first(session, _LOCK, {"store": store_id, "order": order_id})


def leave(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """An order ends: its place in a waiting group is free again; the last to leave takes the group along.

    A formed group stays as it is, whoever leaves it.
    """
    group_id = moves.seat(session, store_id, order_id, "leave", now=now)
    if group_id is not None and moves.give_up(session, group_id) == 0:
        moves.move(session, group_id, "fail", actor=actor, now=now, why="empty")
