"""A store's running clock is told twice before it ends: a nudge at half of it, loudly at four fifths (rules 3.16)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from trade.fulfilment import clocks

NAMES = {1: "parcel.nudged", 2: "parcel.loud"}
"""Of the second one the area manager hears, too."""

_RUNNING = text("""
    SELECT p.store_id, p.id, p.order_id, p.at_store_id, p.alarm, p.assigned_at, p.accept_by, store.opens_minute,
        store.closes_minute, store.zone, store.closes_early_at
    FROM parcel p JOIN store ON store.id = p.at_store_id
    WHERE p.state = 'assigned' AND p.alarm < 2 AND p.accept_by > :now ORDER BY p.accept_by, p.id LIMIT :most""")
_RAISE = text("""
    UPDATE parcel SET alarm = :alarm WHERE store_id = :store AND id = :parcel AND state = 'assigned'
      AND assigned_at = :assigned AND alarm < :alarm RETURNING id""")


def due(session: Session, *, now: datetime, most: int) -> list[tuple[Any, int]]:
    """Running clocks that are to be told of, and how loudly."""
    found = []
    for row in fetch(session, _RUNNING, {"now": now, "most": most}):
        hours = clocks.Hours(row.opens_minute, row.closes_minute, row.zone, row.closes_early_at)
        run = (hours, row.assigned_at, row.accept_by)
        for alarm, permille in ((2, clocks.LOUD), (1, clocks.NUDGE)):
            if alarm > row.alarm and clocks.share_by(*run, permille) <= now:
                found.append((row, alarm))
                break
    return found


def tell(session: Session, row: Any, alarm: int, *, actor: str, now: datetime) -> bool:
    """Tell the desk, and when it is loud the area manager; False when somebody was faster, or the store answered."""
    given = {"store": row.store_id, "parcel": row.id, "assigned": row.assigned_at, "alarm": alarm}
    if first(session, _RAISE, given) is None:
        return False
    data = {"order_id": row.order_id, "parcel_id": row.id, "at_store_id": row.at_store_id}
    data |= {"accept_by": row.accept_by.isoformat(), "to": ["desk", "area_manager"] if alarm == 2 else ["desk"]}
    journal.record(session, NAMES[alarm], f"order:{row.order_id}", actor=actor, now=now, **data)
    return True
