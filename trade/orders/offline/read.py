"""Finding the order behind the number on a receipt, and what was sold otherwise than we would have."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.orders.numbers import number, parse

_BY_NO = text(
    "SELECT order_id FROM till_document WHERE store_id = :store AND no = :no AND kind = 'sale' AND order_id IS NOT NULL"
)


def order_of(session: Session, store_id: int, no: str) -> tuple[int, int]:
    """Store and order id of a printed number: ours, or one that a till of this store gave without network.

    :raises NotFound: there is no such order, or not yet: the till has not delivered it.
    """
    plain = no.strip().upper()
    if not plain.startswith("X"):
        return parse(plain)
    found = first(session, _BY_NO, {"store": store_id, "no": plain})
    if found is None:
        raise NotFound(no=plain[:24])
    return store_id, found.order_id


LISTED = timedelta(days=7)
_DIFFER = text("""
    SELECT d.no, d.order_id, d.sold_at, d.payable_fen, d.body, d.differences, till.name AS till_name
    FROM till_document d JOIN till ON till.store_id = d.store_id AND till.id = d.till_id
    WHERE d.store_id = :store AND d.differences <> '[]' AND d.sold_at > :since ORDER BY d.sold_at DESC LIMIT 100""")


def differing(session: Session, store_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Sales without network of the last days that we would have made otherwise, the newest first: accepted as sold.

    `rows` say how, each with its `code`: `price` with the line's name and what it was sold for and costs with us.
    """
    found = fetch(session, _DIFFER, {"store": store_id, "since": now - LISTED})
    return [
        {
            "no": row.no,
            "order_no": number(store_id, row.order_id) if row.order_id else None,
            "till_name": row.till_name,
            "at": row.sold_at.isoformat(),
            "payable_fen": row.payable_fen,
            "rows": _named(json.loads(row.body), row.differences),
        }
        for row in found
    ]


def _named(said: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {line["sku_id"]: line["name"] for line in said.get("lines", [])}
    return [row if "code" in row else {"code": "price", "name": names.get(row["sku_id"], "")} | row for row in rows]
