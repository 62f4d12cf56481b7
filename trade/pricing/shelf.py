"""One product in the mall with all its SKUs, as one store sells it; lists of products are `listing.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.errors import NotFound
from trade.catalogue import kits
from trade.pricing import listing
from trade.pricing.prices import IN_MALL, price_now

SUBSTITUTES, MOST_LIKE = 4, 100

_PRODUCT = text(
    "SELECT id AS product_id, name, brand, description, category_id, picture FROM product WHERE id = :product"
)
_SKUS = text(
    f"SELECT sku.id AS sku_id, sku.spec, sku.unit, sku.weighed, book.price_fen,"
    f" greatest(coalesce(stock_level.free_online, {kits.free('free_online', ':store', 'sku.id')}, 0), 0) AS free,"
    f" (SELECT min(code) FROM barcode WHERE barcode.sku_id = sku.id) AS barcode FROM {IN_MALL}"
    " WHERE sku.product_id = :product ORDER BY sku.id"
)


def product(session: Session, store_id: int, product_id: int, *, now: datetime) -> dict[str, Any]:
    """One product with its SKUs in this store."""
    head = session.execute(_PRODUCT, {"product": product_id}).mappings().first()
    if head is None:
        raise NotFound(product_id=product_id)
    given = {"store": store_id, "product": product_id, "now": now}
    return {**head, "skus": [dict(row) for row in session.execute(_SKUS, given).mappings()]}


_CARDS = text(
    f"SELECT sku.id AS sku_id, product.id AS product_id, product.name, product.picture, sku.spec, sku.unit,"
    f" sku.weighed, book.price_fen,"
    f" greatest(coalesce(stock_level.free_online, {kits.free('free_online', ':store', 'sku.id')}, 0), 0) AS free"
    f" FROM {IN_MALL} WHERE sku.id = ANY(:skus) ORDER BY sku.id"
)


def skus(session: Session, store_id: int, sku_ids: list[int], *, now: datetime) -> list[dict[str, Any]]:
    """Cards of single skus that this store sells, with what it has free; those it does not sell are left out."""
    given = {"store": store_id, "skus": sku_ids, "now": now}
    return [dict(row) for row in session.execute(_CARDS, given).mappings()]


_LIKE = text(f"""
    SELECT product.category_id, book.price_fen FROM sku JOIN product ON product.id = sku.product_id
    {price_now("'mall'")} WHERE sku.id = :sku""")


def substitutes(session: Session, store_id: int, sku_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Up to SUBSTITUTES cards of the same category that the store has now, the nearest in price first.

    Their price is between half and twice that of the sku; no stock in them.
    """
    like = first(session, _LIKE, {"store": store_id, "sku": sku_id, "now": now})
    if like is None:
        raise NotFound(sku_id=sku_id)
    half, twice = like.price_fen // 2, like.price_fen * 2
    wish = listing.Wish(category_id=like.category_id, in_stock=True, from_fen=half, to_fen=twice, sort=listing.CHEAP)
    found, _ = listing.page(session, store_id, wish, now=now, most=MOST_LIKE)
    others = [card for card in found if card["sku_id"] != sku_id]
    return sorted(others, key=lambda card: abs(card["price_fen"] - like.price_fen))[:SUBSTITUTES]
