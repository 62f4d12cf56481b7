"""Temporary items (临时商品): what lies on the counter and is not in the catalogue, sold for a price said there.

Each is a sku of its own, of this store and this till channel alone, with a price for a day: the mall, the feed of tills
and the shelf labels know nothing of it afterwards, the sale and its returns are those of any goods.  Its barcode,
`TEMP-<sku>`, says what it is; the scanned code stays free for the real goods.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first

GOOD_FOR = timedelta(days=1)
CATEGORY = "临时商品"
UNIT = "件"

_CATEGORY = text("""
    INSERT INTO category (name, picture, position) VALUES (:name, '', -1)
    ON CONFLICT (name) DO UPDATE SET position = category.position RETURNING id""")
_MAKE = text("""
    WITH made AS (INSERT INTO product (category_id, name, pinyin, brand, description, picture)
                  VALUES (:category, :name, '', '', '', '') RETURNING id),
    new AS (INSERT INTO sku (product_id, spec, unit, weighed) SELECT id, '', :unit, false FROM made RETURNING id),
    sold AS (INSERT INTO store_sku (store_id, sku_id, sellable, shelf) SELECT :store, id, true, '' FROM new),
    coded AS (INSERT INTO barcode (code, sku_id) SELECT 'TEMP-' || id, id FROM new),
    priced AS (INSERT INTO price (sku_id, store_id, channel, rank, price_fen, from_at, to_at)
               SELECT id, :store, 'till', 6, :fen, :now, :until FROM new)
    SELECT id FROM new""")
_AMONG = text("SELECT sku_id FROM barcode WHERE sku_id = ANY(CAST(:skus AS bigint[])) AND code = 'TEMP-' || sku_id")


def make(session: Session, store_id: int, name: str, price_fen: int, *, actor: str, now: datetime) -> dict[str, Any]:
    """Make one that this store sells at `price_fen` a piece until a day from now; returns it as a scan would."""
    category = first(session, _CATEGORY, {"name": CATEGORY})
    assert category is not None
    given = {"category": category.id, "name": name, "unit": UNIT, "store": store_id, "fen": price_fen, "now": now}
    made = first(session, _MAKE, given | {"until": now + GOOD_FOR})
    assert made is not None
    told = {"sku_id": made.id, "name": name, "price_fen": price_fen}
    journal.record(session, "temporary_item.made", f"store:{store_id}", actor=actor, now=now, **told)
    return {
        **told, "barcode": f"TEMP-{made.id}", "spec": "", "unit": UNIT, "weighed": False, "steps": [],
        "category_id": category.id, "free": 0, "qty": 1, "picture": "", "temporary": True,
    }  # fmt: skip


def among(session: Session, sku_ids: Collection[int]) -> set[int]:
    """Which of these skus are temporary items."""
    return {row.sku_id for row in fetch(session, _AMONG, {"skus": sorted(sku_ids)})}
