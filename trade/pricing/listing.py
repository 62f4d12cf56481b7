"""Lists of product cards: a category or a search, narrowed and sorted, a page at a time, of what one store sells.

One statement for each set of conditions, built once.  A page without words follows the product's number through an
index and stops when it is full.  A search looks at the first MOST_HITS products that have the words, puts those first
whose name is the word or begins with it, and prices only the page that is shown; a list by price has to price all it
may show, at most MOST_PRICED.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.catalogue import kits, words
from trade.pricing.prices import price_now

PAGE = 24
MOST_HITS, MOST_PRICED = 300, 3000
USUAL, NEW, CHEAP, DEAR = SORTS = ("usual", "new", "cheap", "dear")


@dataclass(frozen=True, slots=True)
class Goods:
    """Which goods some promotions count: these skus, and these categories but for `not_skus`."""

    skus: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    not_skus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a list is narrowed to.  Prices are list prices in fen, inclusive; `after` is the end of the last page."""

    category_id: int | None = None
    words: str = ""
    brands: tuple[str, ...] = ()
    in_stock: bool = False
    promoted: Goods | None = None
    from_fen: int | None = None
    to_fen: int | None = None
    sort: str = USUAL
    after: str = ""


_SOLD = """
    JOIN LATERAL (
        SELECT sku.id FROM sku JOIN store_sku ON store_sku.sku_id = sku.id
            AND store_sku.store_id = :store AND store_sku.sellable {more}
        WHERE sku.product_id = product.id {where} ORDER BY sku.id LIMIT 1) sold ON true"""
_FREE = f"coalesce(stock_level.free_online, {kits.free('free_online', ':store', 'sku.id')}, 0) > 0"
_LEVEL = "LEFT JOIN stock_level ON stock_level.store_id = :store AND stock_level.sku_id = sku.id"
_RANK = """CASE WHEN lower(product.name) = :q THEN 0 WHEN starts_with(lower(product.name), :q) THEN 1
    WHEN position(:q in lower(product.name)) > 0 THEN 2 WHEN starts_with(product.pinyin, :q) THEN 3
    WHEN starts_with(product.pinyin_full, :q) THEN 4 ELSE 5 END"""
_CONDITIONS = {
    "category_id": "product.category_id = :category",
    "words": "product.grams @> CAST(:grams AS text[]) AND product.said LIKE ALL(CAST(:likes AS text[]))",
    "brands": "product.brand = ANY(CAST(:brands AS text[]))",
}
_PROMOTED = """AND (sku.id = ANY(CAST(:promoted_skus AS bigint[]))
    OR product.category_id = ANY(CAST(:promoted_categories AS bigint[]))
        AND NOT sku.id = ANY(CAST(:promoted_not AS bigint[])))"""
_PRICE = {USUAL: "0", NEW: "-hit.product_id", CHEAP: "book.price_fen", DEAR: "-book.price_fen"}


@lru_cache(maxsize=256)
def _page(asked: frozenset[str], sort: str, *, priced: bool) -> TextClause:
    """The statement for a set of conditions; `priced` when the price decides what is on the page."""
    where = ["true"] + [said for name, said in _CONDITIONS.items() if name in asked]
    more = (_LEVEL if "in_stock" in asked else "", f"AND {_FREE}" if "in_stock" in asked else "")
    sold = _SOLD.format(more=more[0], where=more[1] + (_PROMOTED if "promoted" in asked else ""))
    searched = "words" in asked
    streams = not searched and not priced and sort in (USUAL, NEW)
    rank = _RANK if searched and sort == USUAL else "0"
    if streams:
        where.append("product.id > :after_id" if sort == USUAL else "(:after_id = 0 OR product.id < :after_id)")
        cut = f"ORDER BY product.id {'' if sort == USUAL else 'DESC'} LIMIT :most"
    else:
        cut = f"LIMIT {MOST_PRICED if priced else MOST_HITS}"
    fen = f"JOIN sku ON sku.id = hit.sku_id{price_now(chr(39) + 'mall' + chr(39))}" if priced else ""
    place = "hit.place" if rank != "0" else _PRICE[sort]
    seek = "" if streams else "WHERE (ranked.place, ranked.product_id) > (:after_place, :after_id)"
    between = ["true"]
    between += ["book.price_fen >= :from_fen"] * ("from_fen" in asked) + ["book.price_fen <= :to_fen"] * (
        "to_fen" in asked
    )
    return text(f"""
        WITH hit AS MATERIALIZED (
            SELECT product.id AS product_id, sold.id AS sku_id, {rank} AS place FROM product{sold}
            WHERE {" AND ".join(where)} {cut}),
        ranked AS (SELECT hit.product_id, hit.sku_id, CAST({place} AS bigint) AS place FROM hit {fen}
            WHERE {" AND ".join(between)}),
        page AS MATERIALIZED (SELECT * FROM ranked {seek} ORDER BY place, product_id LIMIT :most)
        SELECT page.product_id, sku.id AS sku_id, product.name, sku.spec, sku.unit, sku.weighed, product.picture,
            product.category_id, book.price_fen, page.place,
            (SELECT count(*) FROM sku other WHERE other.product_id = product.id) AS skus
        FROM page JOIN product ON product.id = page.product_id JOIN sku ON sku.id = page.sku_id
        {price_now("'mall'")} ORDER BY page.place, page.product_id""")


def page(
    session: Session, store_id: int, wish: Wish, *, now: datetime, most: int = PAGE
) -> tuple[list[dict[str, Any]], str | None]:
    """Up to `most` cards that the store sells, without stock, and the `after` of the next page; None at the end."""
    typed = words.words(wish.words)
    asked = {name for name in ("category_id", "from_fen", "to_fen") if getattr(wish, name) is not None}
    asked |= {name for name, on in (("words", typed), ("brands", wish.brands), ("in_stock", wish.in_stock)) if on}
    asked |= {"promoted"} if wish.promoted is not None else set()
    place, _, last = wish.after.rpartition(".")
    priced = wish.sort in (CHEAP, DEAR) or bool(asked & {"from_fen", "to_fen"})
    goods = wish.promoted or Goods()
    given = {
        "store": store_id, "now": now, "most": most, "category": wish.category_id, "brands": list(wish.brands),
        "grams": words.grams(typed), "likes": [f"%{word}%" for word in typed], "q": typed[0] if typed else "",
        "from_fen": wish.from_fen, "to_fen": wish.to_fen, "after_id": int(last or 0),
        "after_place": int(place or -(2**62)),
        "promoted_skus": list(goods.skus), "promoted_categories": list(goods.categories),
        "promoted_not": list(goods.not_skus),
    }  # fmt: skip
    rows = fetch(session, _page(frozenset(asked), wish.sort, priced=priced), given)
    found = [row._asdict() for row in rows]
    ends = [f"{card.pop('place')}.{card['product_id']}" for card in found]
    return found, ends[-1] if len(found) == most else None


_NAMED = {
    in_stock: text(f"""
    SELECT product.id AS product_id, sku.id AS sku_id, product.name, sku.spec, sku.unit, sku.weighed, product.picture,
        product.category_id, product.brand, book.price_fen,
        (SELECT min(code) FROM barcode WHERE barcode.sku_id = sku.id) AS barcode,
        (SELECT count(*) FROM sku other WHERE other.product_id = product.id) AS skus
    FROM unnest(CAST(:products AS bigint[])) WITH ORDINALITY AS named(id, n) JOIN product ON product.id = named.id
    {_SOLD.format(more=_LEVEL if in_stock else "", where=f"AND {_FREE}" if in_stock else "")}
    JOIN sku ON sku.id = sold.id
    {price_now("'mall'")} ORDER BY named.n""")
    for in_stock in (True, False)
}


def named(
    session: Session, store_id: int, product_ids: Sequence[int], *, now: datetime, in_stock: bool = True
) -> list[dict[str, Any]]:
    """Cards with `brand` and `barcode` of these products, in this order, of those the store sells, and has now."""
    given = {"store": store_id, "products": list(product_ids), "now": now}
    return [row._asdict() for row in fetch(session, _NAMED[in_stock], given)]


_KNOWN = text("SELECT id FROM product WHERE id = :product")


def check_product(session: Session, product_id: int) -> None:
    """:raises NotFound: there is no such product."""
    if first(session, _KNOWN, {"product": product_id}) is None:
        raise NotFound(product_id=product_id)


_BRANDS = text(f"""
    SELECT product.brand, count(*) AS products FROM product{_SOLD.format(more="", where="")}
    WHERE product.category_id = :category AND product.brand <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 30""")


def brands(session: Session, store_id: int, category_id: int) -> list[dict[str, Any]]:
    """The brands of a category that the store sells, those with most products first, at most 30."""
    return [row._asdict() for row in fetch(session, _BRANDS, {"store": store_id, "category": category_id})]


__all__: Sequence[str] = ("PAGE", "SORTS", "Goods", "Wish", "brands", "check_product", "named", "page")
