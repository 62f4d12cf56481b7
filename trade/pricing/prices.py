"""What a store sells and for how much: the read side that quote and scan stand on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from trade.pricing.quote import Item

PRICE_NOW = """
    JOIN LATERAL (SELECT price_fen FROM price
                  WHERE price.sku_id = sku.id AND (price.store_id = 0 OR price.store_id = :store)
                    AND from_at <= :now AND (to_at IS NULL OR to_at > :now)
                  ORDER BY price.store_id DESC, from_at DESC LIMIT 1) book ON true"""

_REST = (
    """
    JOIN product ON product.id = sku.product_id
    JOIN store_sku ON store_sku.store_id = :store AND store_sku.sku_id = sku.id AND store_sku.sellable
    LEFT JOIN stock_level ON stock_level.store_id = :store AND stock_level.sku_id = sku.id"""
    + PRICE_NOW
)
SOLD_HERE = "sku" + _REST

ITEM = """sku.id, product.name, sku.spec, sku.unit, sku.weighed, product.picture, book.price_fen,
          coalesce(stock_level.on_hand - stock_level.held, 0) AS free, product.category_id"""

_ITEMS = text(f"SELECT {ITEM} FROM {SOLD_HERE} WHERE sku.id = ANY(:ids)")


def items(session: Session, store_id: int, sku_ids: Iterable[int], *, now: datetime) -> dict[int, Item]:
    """The skus among `sku_ids` that the store sells now, with today's price; one statement."""
    found = fetch(session, _ITEMS, {"store": store_id, "ids": list(sku_ids), "now": now})
    return {row[0]: Item(*row) for row in found}


_SCAN = text(
    f"SELECT barcode.code, {ITEM} FROM barcode JOIN sku ON sku.id = barcode.sku_id{_REST} WHERE barcode.code = :code"
)


def by_barcode(session: Session | None, store_id: int, code: str, *, now: datetime) -> Any | None:
    """The sku a scanned code stands for, as a row (code + Item columns), or None.  See `fetch` for `session`."""
    return first(session, _SCAN, {"store": store_id, "code": code, "now": now})


_SEARCH = text(f"""
    SELECT (SELECT min(code) FROM barcode WHERE barcode.sku_id = sku.id) AS code, {ITEM} FROM {SOLD_HERE}
    WHERE product.name ILIKE :like OR product.pinyin LIKE :low
       OR EXISTS (SELECT FROM barcode WHERE barcode.sku_id = sku.id AND barcode.code LIKE :digits)
    ORDER BY position(:q in product.pinyin) = 1 DESC, product.name, sku.id LIMIT 20""")


def search(session: Session, store_id: int, words: str, *, now: datetime) -> list[Any]:
    """At most 20 skus whose name, pinyin initials or barcode hold `words`; rows as `by_barcode`."""
    plain = words.replace("\\", "").replace("%", "").replace("_", "")
    return fetch(
        session,
        _SEARCH,
        {
            "store": store_id,
            "now": now,
            "like": f"%{plain}%",
            "low": f"%{plain.lower()}%",
            "digits": f"{plain}%",
            "q": plain.lower(),
        },
    )
