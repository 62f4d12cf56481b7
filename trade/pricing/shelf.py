"""A store's shelf in the mall: product cards with today's price, and one product with all its SKUs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import NotFound
from trade.catalogue import kits
from trade.pricing.prices import IN_MALL, price_now

PAGE = 24

_CARDS = """
    SELECT product.id AS product_id, sku.id AS sku_id, product.name, sku.spec, sku.unit, sku.weighed,
           product.picture, product.category_id, book.price_fen,
           (SELECT count(*) FROM sku other WHERE other.product_id = product.id) AS skus
    FROM product JOIN LATERAL (
        SELECT sku.* FROM sku JOIN store_sku ON store_sku.sku_id = sku.id
            AND store_sku.store_id = :store AND store_sku.sellable
        WHERE sku.product_id = product.id ORDER BY sku.id LIMIT 1) sku ON true""" + price_now("'mall'")
_OF_CATEGORY = text(
    _CARDS + " WHERE product.category_id = :category AND product.id > :after ORDER BY product.id LIMIT :most"
)
_ALL = text(_CARDS + " WHERE product.id > :after ORDER BY product.id LIMIT :most")
_FOUND = text(
    _CARDS + " WHERE product.id > :after AND (product.name ILIKE :like OR product.pinyin LIKE :low"
    " OR product.brand ILIKE :like) ORDER BY product.id LIMIT :most"
)


def cards(
    session: Session,
    store_id: int,
    *,
    category_id: int | None,
    words: str | None,
    after: int,
    now: datetime,
    most: int = PAGE,
) -> list[dict[str, Any]]:
    """Up to `most` product cards that the store sells, by product id after `after`; no stock in them."""
    given = {"store": store_id, "now": now, "after": after, "most": most}
    if words:
        plain = words.replace("\\", "").replace("%", "").replace("_", "")
        found = fetch(session, _FOUND, {**given, "like": f"%{plain}%", "low": f"%{plain.lower()}%"})
    elif category_id is not None:
        found = fetch(session, _OF_CATEGORY, {**given, "category": category_id})
    else:
        found = fetch(session, _ALL, given)
    return [row._asdict() for row in found]


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
