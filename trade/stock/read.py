"""A store's stock as screens show it: every bucket of a sku, and what moved it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.stock.rows import as_json

PAGE = 100
DOUBTS = ("", "negative", "count_due", "quarantine", "in_transit", "promised")
"""What `levels` may be asked for alone; empty is everything."""

_LEVELS = text("""
    SELECT level.sku_id, product.name, sku.spec, sku.unit, sku.weighed, coalesce(shelf.shelf, '') AS shelf,
           level.on_hand, level.held, level.committed, level.picked, level.quarantine, level.in_transit,
           level.safety, level.till_buffer, level.count_due, level.free_till, level.free_online,
           level.counted_at, last.at AS moved_at
    FROM stock_level level JOIN sku ON sku.id = level.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN store_sku shelf ON shelf.store_id = level.store_id AND shelf.sku_id = level.sku_id
    LEFT JOIN LATERAL (SELECT at FROM stock_movement m WHERE m.store_id = level.store_id AND m.sku_id = level.sku_id
                       ORDER BY m.id DESC LIMIT 1) last ON true
    WHERE level.store_id = :store AND level.sku_id > :after
      AND (:q = '' OR product.name ILIKE '%' || :q || '%' OR product.pinyin LIKE lower(:q) || '%'
           OR EXISTS (SELECT FROM barcode b WHERE b.sku_id = sku.id AND b.code = :q))
      AND CASE :doubt WHEN '' THEN true WHEN 'negative' THEN level.on_hand < 0 WHEN 'count_due' THEN level.count_due
          WHEN 'quarantine' THEN level.quarantine > 0 WHEN 'in_transit' THEN level.in_transit > 0
          ELSE level.held + level.committed + level.picked > 0 END
    ORDER BY level.sku_id LIMIT :most""")
_MOVEMENTS = text("""
    SELECT id, 'on_hand' AS bucket, qty, key, '' AS reason, actor, at FROM stock_movement
    WHERE store_id = :store AND sku_id = :sku AND (CAST(:before AS timestamptz) IS NULL OR at < :before)
    UNION ALL
    SELECT id, 'quarantine', qty, key, reason, actor, at FROM stock_quarantine
    WHERE store_id = :store AND sku_id = :sku AND (CAST(:before AS timestamptz) IS NULL OR at < :before)
    ORDER BY at DESC, id DESC LIMIT :most""")
_PROMISES = text("""
    SELECT order_id, bucket, qty, held_until FROM stock_hold WHERE store_id = :store AND sku_id = :sku
    UNION ALL SELECT NULL, 'promotion:' || promotion_id, qty, NULL FROM stock_set_aside
    WHERE store_id = :store AND sku_id = :sku AND qty > 0
    ORDER BY 1, 2""")


def levels(
    session: Session, store_id: int, *, q: str = "", doubt: str = "", after: int = 0, most: int = PAGE
) -> list[dict[str, Any]]:
    """Every bucket of a store's skus, by sku after `after`, with when it moved and was counted; one statement.

    :param q: part of a name, the beginning of its initials, or a whole barcode.
    :param doubt: only those that are in this state (`DOUBTS`).
    """
    assert doubt in DOUBTS, doubt
    plain = q.replace("\\", "").replace("%", "").replace("_", "")
    given = {"store": store_id, "q": plain, "doubt": doubt, "after": after, "most": most}
    return as_json(fetch(session, _LEVELS, given))


def movements(
    session: Session, store_id: int, sku_id: int, *, before: Any = None, most: int = PAGE
) -> list[dict[str, Any]]:
    """What moved a sku's `on_hand` and `quarantine`, the newest first, before a moment."""
    given = {"store": store_id, "sku": sku_id, "before": before, "most": most}
    return as_json(fetch(session, _MOVEMENTS, given))


def promises(session: Session, store_id: int, sku_id: int) -> list[dict[str, Any]]:
    """Which orders and promotions a sku of a store is promised to, and in which bucket."""
    return as_json(fetch(session, _PROMISES, {"store": store_id, "sku": sku_id}))
