"""Where else an item is to be had: every other store with what it has free, how far it is and whether it is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.fulfilment import clocks
from trade.fulfilment.clocks import Hours
from trade.stock import availability

_STORES = text("""
    SELECT there.id, there.name, there.address, there.phone, there.opens_minute, there.closes_minute, there.zone,
        there.closes_early_at, coalesce(there.paused_until > :now, false) AS paused, there.offers_pickup,
        there.offers_delivery, there.offers_ship,
        CAST(2 * 6371000 * asin(sqrt(least(1, power(sin(radians((here.lat_e6 - there.lat_e6) / 2e6)), 2)
            + cos(radians(here.lat_e6 / 1e6)) * cos(radians(there.lat_e6 / 1e6))
              * power(sin(radians((here.lng_e6 - there.lng_e6) / 2e6)), 2)))) AS bigint) AS distance_m
    FROM store there JOIN store here ON here.id = :store WHERE there.id <> :store AND there.id = ANY(:stores)
    ORDER BY distance_m, there.id""")


def near(session: Session, store_id: int, sku_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Every other store that sells a sku, the nearest first.

    `free` is what it may promise to somebody who is not there: on hand less promised, safety and what is kept for its
    own counter, 0 while its figure is in doubt (`count_due`).  `figure_at` is when that last moved or was counted.
    `modes` is how the customer may get it from there.
    """
    figures = {row.store_id: row for row in availability.across(session, [sku_id])}
    rows = fetch(session, _STORES, {"store": store_id, "stores": sorted(figures), "now": now})
    return [_shown(row, figures[row.id], now) for row in rows]


def _shown(row: Any, figure: Any, now: datetime) -> dict[str, Any]:
    hours = Hours(row.opens_minute, row.closes_minute, row.zone, row.closes_early_at)
    moved = max((at for at in (figure.moved_at, figure.counted_at) if at), default=None)
    is_open = clocks.is_open(hours, now)
    modes = [mode for mode in ("pickup", "delivery", "ship") if getattr(row, f"offers_{mode}") and not row.paused]
    return {
        "store_id": row.id,
        "name": row.name,
        "address": row.address,
        "phone": row.phone,
        "distance_m": row.distance_m,
        "free": figure.free,
        "count_due": figure.count_due,
        "figure_at": moved.isoformat() if moved else None,
        "open": is_open,
        "opens_at": None if is_open else clocks.opening(hours, now).isoformat(),
        "paused": row.paused,
        "modes": modes,
    }
