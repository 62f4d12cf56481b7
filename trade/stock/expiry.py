"""Unpaid promises that end by themselves: what is held `until` a moment is free after it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.stock import told

_LOCK = text("""
    WITH oldest AS (SELECT order_id FROM stock_hold WHERE held_until <= :now
                    GROUP BY order_id ORDER BY min(held_until), order_id LIMIT :most),
    due AS (SELECT store_id, sku_id, array_agg(order_id) AS orders FROM stock_hold JOIN oldest USING (order_id)
            WHERE held_until <= :now GROUP BY 1, 2)
    SELECT level.store_id, level.sku_id, due.orders FROM stock_level level
    JOIN due ON due.store_id = level.store_id AND due.sku_id = level.sku_id
    ORDER BY level.store_id, level.sku_id FOR NO KEY UPDATE OF level""")
_FREE = text("""
    WITH locked AS (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:skus AS bigint[])) AS a(store_id, sku_id)),
    gone AS (DELETE FROM stock_hold h USING locked
             WHERE h.store_id = locked.store_id AND h.sku_id = locked.sku_id AND h.held_until <= :now
               AND h.order_id = ANY(CAST(:orders AS bigint[]))
             RETURNING h.store_id, h.sku_id, h.order_id, h.qty),
    less AS (UPDATE stock_level level SET held = level.held - free.qty
             FROM (SELECT store_id, sku_id, sum(qty)::bigint AS qty FROM gone GROUP BY 1, 2) free
             WHERE level.store_id = free.store_id AND level.sku_id = free.sku_id)
    SELECT store_id, sku_id, order_id, qty FROM gone ORDER BY 1, 2, 3""")


def expire_holds(session: Session, *, actor: str, now: datetime, most: int) -> list[int]:
    """Free promises whose time is over, all of the `most` orders that wait longest; returns the orders.

    An order that is paid at this moment either is committed before, and stays, or finds nothing left to commit.  Safe
    in two workers at once.
    """
    locked = fetch(session, _LOCK, {"now": now, "most": most})
    if not locked:
        return []
    orders = sorted({order_id for row in locked for order_id in row.orders})
    levels = {"stores": [row.store_id for row in locked], "skus": [row.sku_id for row in locked]}
    gone = fetch(session, _FREE, {**levels, "orders": orders, "now": now})
    stores: dict[int, set[int]] = {}
    for row in gone:
        stores.setdefault(row.store_id, set()).add(row.sku_id)
    for store_id, skus in sorted(stores.items()):
        of = sorted({row.order_id for row in gone if row.store_id == store_id})
        told.changed(session, store_id, skus, cause="hold_expired", actor=actor, now=now, order_ids=of)
    return sorted({row.order_id for row in gone})
