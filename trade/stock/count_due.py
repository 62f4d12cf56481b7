"""Goods whose figure is in doubt: the mall shows none of them until somebody counts.

`stock_level.count_due` is the flag that sales look at, `stock_count_due` says why and since when.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.stock.rows import as_json

_RAISE = text("""
    WITH locked AS (SELECT sku_id FROM stock_level WHERE store_id = :store AND sku_id = ANY(CAST(:skus AS bigint[]))
                    ORDER BY sku_id FOR NO KEY UPDATE),
    due AS (INSERT INTO stock_count_due (store_id, sku_id, reason, actor, at)
            SELECT :store, sku_id, :reason, :actor, :now FROM locked ON CONFLICT DO NOTHING)
    UPDATE stock_level level SET count_due = true FROM locked
    WHERE level.store_id = :store AND level.sku_id = locked.sku_id""")
_CLEAR = text("""
    WITH locked AS (SELECT sku_id FROM stock_level WHERE store_id = :store AND sku_id = ANY(CAST(:skus AS bigint[]))
                    ORDER BY sku_id FOR NO KEY UPDATE),
    gone AS (DELETE FROM stock_count_due d USING locked WHERE d.store_id = :store AND d.sku_id = locked.sku_id
             RETURNING d.sku_id)
    UPDATE stock_level level SET count_due = false FROM gone
    WHERE level.store_id = :store AND level.sku_id = gone.sku_id RETURNING level.sku_id""")
_DUE = text("""
    SELECT d.sku_id, product.name, sku.spec, sku.unit, coalesce(s.shelf, '') AS shelf, d.reason, d.actor, d.at
    FROM stock_count_due d JOIN sku ON sku.id = d.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN store_sku s ON s.store_id = d.store_id AND s.sku_id = d.sku_id
    WHERE d.store_id = :store AND d.sku_id > :after ORDER BY d.sku_id LIMIT :most""")


def raise_due(
    session: Session, store_id: int, sku_ids: Iterable[int], *, reason: str, actor: str, now: datetime
) -> None:
    """A count of these skus is due, and online customers see none of them; what was due stays due since then."""
    if skus := sorted(set(sku_ids)):
        fetch(session, _RAISE, {"store": store_id, "skus": skus, "reason": reason, "actor": actor, "now": now})


def clear(session: Session, store_id: int, sku_ids: Iterable[int]) -> list[int]:
    """These skus were counted; returns those whose count was due."""
    return [row.sku_id for row in fetch(session, _CLEAR, {"store": store_id, "skus": sorted(set(sku_ids))})]


def due(session: Session, store_id: int, *, after: int = 0, most: int = 100) -> list[dict[str, Any]]:
    """What waits to be counted in a store, by sku after `after`, with its shelf and why."""
    return as_json(fetch(session, _DUE, {"store": store_id, "after": after, "most": most}))
