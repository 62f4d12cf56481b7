"""One product in the mall with all its SKUs, as one store sells it; lists of products are `listing.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.errors import NotFound
from trade.catalogue import kits
from trade.pricing.prices import IN_MALL

_PRODUCT = text(
    "SELECT id AS product_id, name, brand, description, category_id, picture FROM product WHERE id = :product"
)
_SKUS = text(
    f"SELECT sku.id AS sku_id, sku.spec, sku.unit, sku.weighed, book.price_fen,"
    f" greatest(coalesce(stock_level.free_online, {kits.free('free_online', ':store', 'sku.id')}, 0), 0) AS free,"
    f" (SELECT min(code) FROM barcode WHERE barcode.sku_id = sku.id) AS barcode FROM {IN_MALL}"
    " WHERE sku.product_id = :product ORDER BY sku.id"
)
_ELSEWHERE = text(f"""
    SELECT store.id AS store_id, store.name AS store_name, there.free FROM store_sku s
    JOIN store ON store.id = s.store_id LEFT JOIN stock_level l ON l.store_id = s.store_id AND l.sku_id = s.sku_id
    CROSS JOIN LATERAL (
        SELECT coalesce(l.free_online, {kits.free("free_online", "s.store_id", "s.sku_id")}) AS free) there
    WHERE s.sku_id = :sku AND s.sellable AND s.store_id <> :store AND there.free > 0 ORDER BY there.free DESC, 1""")


def product(session: Session, store_id: int, product_id: int, *, now: datetime) -> dict[str, Any]:
    """One product with its SKUs in this store, and where else the first sold-out one stands."""
    head = session.execute(_PRODUCT, {"product": product_id}).mappings().first()
    if head is None:
        raise NotFound(product_id=product_id)
    skus = [
        dict(row) for row in session.execute(_SKUS, {"store": store_id, "product": product_id, "now": now}).mappings()
    ]
    short = next((sku["sku_id"] for sku in skus if sku["free"] <= 0), None)
    elsewhere = (
        []
        if short is None
        else [dict(row) for row in session.execute(_ELSEWHERE, {"sku": short, "store": store_id}).mappings()]
    )
    return {**head, "skus": skus, "elsewhere": elsewhere}
