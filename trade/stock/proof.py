"""The nightly proof that stock levels equal their ledgers.

on_hand             the movements
held                orders' unpaid promises, and what promotions keep
committed, picked   orders' promises in that bucket
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PROOF = text("""
    WITH told AS (
        SELECT store_id, sku_id, sum(on_hand)::bigint AS on_hand, sum(held)::bigint AS held,
               sum(committed)::bigint AS committed, sum(picked)::bigint AS picked
        FROM (SELECT store_id, sku_id, qty AS on_hand, 0 AS held, 0 AS committed, 0 AS picked FROM stock_movement
              UNION ALL SELECT store_id, sku_id, 0, CASE bucket WHEN 'held' THEN qty ELSE 0 END,
                  CASE bucket WHEN 'committed' THEN qty ELSE 0 END, CASE bucket WHEN 'picked' THEN qty ELSE 0 END
              FROM stock_hold
              UNION ALL SELECT store_id, sku_id, 0, qty, 0, 0 FROM stock_set_aside) facts
        GROUP BY 1, 2),
    compared AS (
        SELECT store_id, sku_id, coalesce(level.on_hand, 0) AS on_hand, coalesce(told.on_hand, 0) AS moved,
               coalesce(level.held, 0) AS held, coalesce(told.held, 0) AS promised,
               coalesce(level.committed, 0) AS committed, coalesce(told.committed, 0) AS paid,
               coalesce(level.picked, 0) AS picked, coalesce(told.picked, 0) AS in_totes
        FROM stock_level level FULL JOIN told USING (store_id, sku_id))
    SELECT compared.*, greatest(abs(on_hand - moved), abs(held - promised), abs(committed - paid),
                                abs(picked - in_totes)) AS at_stake
    FROM compared
    WHERE (on_hand, held, committed, picked) <> (moved, promised, paid, in_totes)
    ORDER BY 1, 2""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every store and sku whose level differs from its ledger; empty is the proof."""
    return [dict(row) for row in session.execute(_PROOF).mappings()]
