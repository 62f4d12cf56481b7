"""The nightly proof that stock levels equal their ledgers.

on_hand             the movements
held                orders' unpaid promises, and what promotions keep
committed, picked   orders' promises in that bucket
quarantine          its own ledger
in_transit          transfers on their way to the store
count_due           a row that says why
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PROOF = text("""
    WITH facts AS (
        SELECT store_id, sku_id, 'on_hand' AS bucket, qty FROM stock_movement
        UNION ALL SELECT store_id, sku_id, bucket, qty FROM stock_hold
        UNION ALL SELECT store_id, sku_id, 'held', qty FROM stock_set_aside
        UNION ALL SELECT store_id, sku_id, 'quarantine', qty FROM stock_quarantine
        UNION ALL SELECT store_id, sku_id, 'count_due', 1 FROM stock_count_due
        UNION ALL SELECT t.to_store_id, l.sku_id, 'in_transit', l.shipped FROM stock_transfer t
        JOIN stock_transfer_line l ON l.store_id = t.store_id AND l.transfer_id = t.id WHERE t.state = 'shipped'),
    told AS (
        SELECT store_id, sku_id, coalesce(sum(qty) FILTER (WHERE bucket = 'on_hand'), 0)::bigint AS on_hand,
               coalesce(sum(qty) FILTER (WHERE bucket = 'held'), 0)::bigint AS held,
               coalesce(sum(qty) FILTER (WHERE bucket = 'committed'), 0)::bigint AS committed,
               coalesce(sum(qty) FILTER (WHERE bucket = 'picked'), 0)::bigint AS picked,
               coalesce(sum(qty) FILTER (WHERE bucket = 'quarantine'), 0)::bigint AS quarantine,
               coalesce(sum(qty) FILTER (WHERE bucket = 'in_transit'), 0)::bigint AS in_transit,
               coalesce(sum(qty) FILTER (WHERE bucket = 'count_due'), 0)::bigint AS count_due
        FROM facts GROUP BY 1, 2),
    compared AS (
        SELECT store_id, sku_id, coalesce(level.on_hand, 0) AS on_hand, coalesce(told.on_hand, 0) AS moved,
               coalesce(level.held, 0) AS held, coalesce(told.held, 0) AS promised,
               coalesce(level.committed, 0) AS committed, coalesce(told.committed, 0) AS paid,
               coalesce(level.picked, 0) AS picked, coalesce(told.picked, 0) AS in_totes,
               coalesce(level.quarantine, 0) AS quarantine, coalesce(told.quarantine, 0) AS set_apart,
               coalesce(level.in_transit, 0) AS in_transit, coalesce(told.in_transit, 0) AS on_its_way,
               coalesce(level.count_due::int, 0) AS count_due, coalesce(told.count_due, 0) AS to_count
        FROM stock_level level FULL JOIN told USING (store_id, sku_id))
    SELECT compared.*, greatest(abs(on_hand - moved), abs(held - promised), abs(committed - paid),
                                abs(picked - in_totes), abs(quarantine - set_apart),
                                abs(in_transit - on_its_way), abs(count_due - to_count)) AS at_stake
    FROM compared
    WHERE (on_hand, held, committed, picked, quarantine, in_transit, count_due)
       <> (moved, promised, paid, in_totes, set_apart, on_its_way, to_count)
    ORDER BY 1, 2""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every store and sku whose level differs from its ledger; empty is the proof."""
    return [dict(row) for row in session.execute(_PROOF).mappings()]
