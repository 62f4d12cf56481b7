"""What a store sells and for how much: the read side that quote and scan stand on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.db import fetch, first
from trade.catalogue import kits
from trade.pricing.quoted import Item


def price_now(channel: str, group: str | None = None, *, join: str = "JOIN") -> str:
    """The price in force of each `sku`, as `book`: store over channel over group over list (`models.Price`).

    :param channel: SQL of the channel asked for, as `group` of the customer group, None for none; the statement has
        :store and :now.
    :param join: `LEFT JOIN` keeps a sku without a price.
    """
    of_group = "" if group is None else f" OR customer_group = {group}"
    return f"""
    {join} LATERAL (SELECT price_fen, steps FROM price
                  WHERE price.sku_id = sku.id AND (price.store_id = 0 OR price.store_id = :store)
                    AND (channel = '' OR channel = {channel}) AND (customer_group = ''{of_group})
                    AND from_at <= :now AND (to_at IS NULL OR to_at > :now)
                  ORDER BY rank DESC, from_at DESC, id DESC LIMIT 1) book ON true"""


_REST = """
    JOIN product ON product.id = sku.product_id
    JOIN store_sku ON store_sku.store_id = :store AND store_sku.sku_id = sku.id AND store_sku.sellable
    LEFT JOIN stock_level ON stock_level.store_id = :store AND stock_level.sku_id = sku.id"""
_AT_TILL = _REST + price_now("'till'")
IN_MALL = "sku" + _REST + price_now("'mall'")


def _item(figure: str, *, kit: bool = False) -> str:
    """The columns of an Item; with `kit` a sku without stock of its own may be one."""
    whole = f"{kits.free(figure, ':store', 'sku.id')}, " if kit else ""
    return f"""sku.id, product.name, sku.spec, sku.unit, sku.weighed, product.picture, book.price_fen,
          coalesce(stock_level.{figure}, {whole}0) AS free, product.category_id, book.steps"""


def _items(figure: str, *, kit: bool) -> TextClause:
    priced = price_now("CAST(:channel AS text)", "CAST(:group AS text)")
    return text(f"SELECT {_item(figure, kit=kit)} FROM sku{_REST}{priced} WHERE sku.id = ANY(:ids)")


_ITEMS = {kit: {figure: _items(figure, kit=kit) for figure in ("free_till", "free_online")} for kit in (False, True)}
"""Whether a kit is among them, and what is free to whom: a basket without kits pays nothing for theirs."""


def items(
    session: Session, store_id: int, sku_ids: Iterable[int], *, channel: str = "till", group: str = "", now: datetime
) -> dict[int, Item]:
    """The skus among `sku_ids` that the store sells now, with today's price in a channel; one statement.

    :param group: the customer's group, such as a class of dealers; empty is none.
    """
    ids = list(sku_ids)
    statement = _ITEMS[not kits.known(session).keys().isdisjoint(ids)]
    rows = fetch(
        session,
        statement["free_till" if channel == "till" else "free_online"],
        {"store": store_id, "ids": ids, "channel": channel, "group": group, "now": now},
    )
    return {row[0]: Item(*[*row[:-1], tuple((step[0], step[1]) for step in row[-1] or ())]) for row in rows}


_SCAN = {
    kit: text(
        f"SELECT barcode.code, barcode.units, {_item('free_till', kit=kit)} FROM barcode"
        f" JOIN sku ON sku.id = barcode.sku_id{_AT_TILL} WHERE barcode.code = :code"
    )
    for kit in (False, True)
}


def by_barcode(session: Session | None, store_id: int, code: str, *, now: datetime) -> Any | None:
    """The sku a scanned code stands for, as a row (code, units + Item columns), or None.  See `fetch` for `session`."""
    given = {"store": store_id, "code": code, "now": now}
    found = first(session, _SCAN[False], given)
    return first(session, _SCAN[True], given) if found and found.id in kits.known(session) else found


_SEARCH = text(f"""
    SELECT (SELECT min(code) FROM barcode WHERE barcode.sku_id = sku.id) AS code, {_item("free_till", kit=True)}
    FROM sku{_AT_TILL}
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
