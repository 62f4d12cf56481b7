"""The nightly proof that stock levels equal their movements, and what is held, orders' and set aside."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PROOF = text("""
    SELECT coalesce(level.store_id, moved.store_id) AS store_id, coalesce(level.sku_id, moved.sku_id) AS sku_id,
           coalesce(level.on_hand, 0) AS on_hand, coalesce(moved.qty, 0) AS moved,
           coalesce(level.held, 0) AS held, coalesce(promised.qty, 0) AS promised,
           greatest(abs(coalesce(level.on_hand, 0) - coalesce(moved.qty, 0)),
                    abs(coalesce(level.held, 0) - coalesce(promised.qty, 0))) AS at_stake
    FROM stock_level level
    FULL JOIN (SELECT store_id, sku_id, sum(qty)::bigint AS qty FROM stock_movement GROUP BY 1, 2) moved
        ON moved.store_id = level.store_id AND moved.sku_id = level.sku_id
    LEFT JOIN (SELECT store_id, sku_id, sum(qty)::bigint AS qty FROM (
                   SELECT store_id, sku_id, qty FROM stock_hold
                   UNION ALL SELECT store_id, sku_id, qty FROM stock_set_aside) held GROUP BY 1, 2) promised
        ON promised.store_id = level.store_id AND promised.sku_id = level.sku_id
    WHERE coalesce(level.on_hand, 0) <> coalesce(moved.qty, 0)
       OR coalesce(level.held, 0) <> coalesce(promised.qty, 0)
    ORDER BY 1, 2""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every store and sku whose level differs from its ledger; empty is the proof."""
    return [dict(row) for row in session.execute(_PROOF).mappings()]
