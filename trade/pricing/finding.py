"""Searching beside the list: names while one types, and what to do when nothing was found.

Both go by the pairs of letters of `trade/catalogue/words.py`: a name shares most of its pairs with its misspelling, in
characters or in pinyin.
"""

from __future__ import annotations

from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits, words
from trade.pricing.listing import Wish, page

NAMES, NEAR, CARDS = 8, 200, 6
LIKE_ENOUGH = 50
"""Of 100: how much a name must have in common with the words to be what was meant."""

_SOLD_HERE = """EXISTS (SELECT FROM sku JOIN store_sku s ON s.sku_id = sku.id AND s.store_id = :store AND s.sellable
    WHERE sku.product_id = product.id)"""
_NAMES = text(f"""
    WITH hit AS MATERIALIZED (
        SELECT name, pinyin, pinyin_full FROM product
        WHERE grams @> CAST(:grams AS text[]) AND said LIKE ALL(CAST(:likes AS text[])) AND {_SOLD_HERE} LIMIT {NEAR})
    SELECT name FROM hit GROUP BY name
    ORDER BY min(CASE WHEN starts_with(lower(name), :q) THEN 0 WHEN starts_with(pinyin, :q) THEN 1
        WHEN starts_with(pinyin_full, :q) THEN 2 WHEN position(:q IN lower(name)) > 0 THEN 3 ELSE 4 END),
        length(name), name LIMIT {NAMES}""")


def _asked(typed: list[str]) -> dict[str, Any]:
    return {"grams": words.grams(typed), "likes": [f"%{word}%" for word in typed], "q": typed[0]}


def names(session: Session, store_id: int, said: str) -> list[str]:
    """At most NAMES names of goods that the store sells, which what was typed may become."""
    typed = words.words(said)
    if not typed:
        return []
    return [row.name for row in fetch(session, _NAMES, {"store": store_id, **_asked(typed)})]


class Near(NamedTuple):
    """What was meant perhaps, the categories of what comes near, and cards of it."""

    meant: list[str]
    categories: list[dict[str, Any]]
    cards: list[dict[str, Any]]


_NEAR = text(f"""
    WITH hit AS MATERIALIZED (
        SELECT name, pinyin, pinyin_full, category_id, (
            SELECT count(*) FROM unnest(CAST(:grams AS text[])) gram WHERE gram = ANY(product.grams)) AS common
        FROM product WHERE grams && CAST(:grams AS text[]) AND {_SOLD_HERE} LIMIT 2000)
    SELECT hit.*, category.name AS category FROM hit JOIN category ON category.id = hit.category_id
    ORDER BY common DESC, length(hit.name), hit.name LIMIT {NEAR}""")


def _alike(said: str, row: Any) -> int:
    """Of 100, how like the words are to a name or to one of its spellings; `row` is of `_NEAR`."""
    return max(
        int(100 * SequenceMatcher(None, said, known, autojunk=False).ratio())
        for known in (row.name.lower(), row.pinyin, row.pinyin_full)
    )


def near(session: Session, store_id: int, said: str, *, now: datetime) -> Near:
    """For a search that found nothing in this store; all empty when nothing comes near."""
    typed = words.words(said)
    if not typed:
        return Near([], [], [])
    whole = "".join(typed)
    loose = {*words.grams(typed), *(letter for letter in whole if not letter.isascii())}
    rows = fetch(session, _NEAR, {"store": store_id, "grams": sorted(loose)})
    ranked = sorted(((_alike(whole, row), row) for row in rows), key=lambda one: -one[0])
    meant = list(dict.fromkeys(row.name for alike, row in ranked if alike >= LIKE_ENOUGH))[:3]
    kinds = {row.category_id: row.category for _, row in ranked[:20]}
    shown = page(session, store_id, Wish(words=meant[0]), now=now, most=CARDS)[0] if meant else []
    return Near(meant, [{"id": number, "name": name} for number, name in list(kinds.items())[:3]], shown)


_ELSEWHERE = text(f"""
    WITH hit AS MATERIALIZED (
        SELECT id, name FROM product
        WHERE grams @> CAST(:grams AS text[]) AND said LIKE ALL(CAST(:likes AS text[])) LIMIT {NEAR})
    SELECT store.id AS store_id, store.name AS store_name, count(DISTINCT hit.id) AS products, min(hit.name) AS name
    FROM hit JOIN sku ON sku.product_id = hit.id JOIN store_sku s ON s.sku_id = sku.id AND s.sellable
    JOIN store ON store.id = s.store_id LEFT JOIN stock_level l ON l.store_id = s.store_id AND l.sku_id = s.sku_id
    WHERE s.store_id <> :store
        AND coalesce(l.free_online, {kits.free("free_online", "s.store_id", "s.sku_id")}, 0) > 0
    GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 3""")


def elsewhere(session: Session, store_id: int, said: str) -> list[dict[str, Any]]:
    """The other stores that have goods of these words now, with how many and one of the names."""
    typed = words.words(said)
    if not typed:
        return []
    return [row._asdict() for row in fetch(session, _ELSEWHERE, {"store": store_id, **_asked(typed)})]
