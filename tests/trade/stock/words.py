"""What stock tests say again and again."""

from __future__ import annotations

from sqlalchemy import text

from config.db import transaction
from trade.stock import proof

_LEVEL = text(
    "SELECT on_hand, held, committed, picked, free_till, free_online FROM stock_level"
    " WHERE (store_id, sku_id) = (:s, :k)"
)
_ALL = text(
    "SELECT 'level', store_id, sku_id, on_hand, held || '/' || committed || '/' || picked FROM stock_level"
    " UNION ALL SELECT bucket, store_id, sku_id, qty, order_id || '@' || coalesce(held_until::text, '') FROM stock_hold"
    " UNION ALL SELECT 'moved', store_id, sku_id, qty, key FROM stock_movement"
    " UNION ALL SELECT 'set apart', store_id, sku_id, qty, key FROM stock_quarantine"
    " UNION ALL SELECT 'aside', store_id, sku_id, qty, promotion_id::text FROM stock_set_aside"
    " UNION ALL SELECT 'count', store_id, sku_id, 1, reason FROM stock_count_due"
    " UNION ALL SELECT 'told', 0, id, 0, kind FROM journal ORDER BY 1, 2, 3, 5"
)


def do(session, step, *given, **named):
    with transaction(session):
        return step(session, *given, **named)


def level(session, shop, name="milk"):
    session.rollback()
    return tuple(session.execute(_LEVEL, {"s": shop.store_id, "k": shop.skus[name]}).one())


def everything(session):
    session.rollback()
    return list(map(tuple, session.execute(_ALL)))


def agrees(session):
    session.rollback()
    return proof.differences(session) == []
