"""Locks of levels in several stores at once, for a step that frees and promises in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits

_LOCK = text("""
    SELECT level.store_id FROM stock_level level
    WHERE (level.store_id, level.sku_id) IN (
        SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:skus AS bigint[]))
        UNION SELECT store_id, sku_id FROM stock_hold WHERE order_id = ANY(CAST(:orders AS bigint[])))
    ORDER BY level.store_id, level.sku_id FOR NO KEY UPDATE""")


def lock(session: Session, wants: Mapping[int, Mapping[int, int]], *, held_by: Sequence[int] = ()) -> None:
    """Lock every level that a step will touch, by store, then sku: `wants` by store, and what these orders hold.

    Who frees an old promise and makes a new one in one transaction locks both first: taken one after the other, two
    such steps could each wait for the other's.
    """
    pairs = [(store, sku) for store, units in wants.items() for sku in kits.expand(session, units)]
    given = {"stores": [store for store, _ in pairs], "skus": [sku for _, sku in pairs], "orders": list(held_by)}
    fetch(session, _LOCK, given)
