"""Documents of goods as screens show them: lists, newest first, and one with its lines."""

from __future__ import annotations

from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import NotFound
from trade.stock.rows import as_json

PAGE = 50
_GOODS = "product.name, sku.spec, sku.unit, sku.weighed, coalesce(shelf.shelf, '') AS shelf"


def _goods(store: str) -> str:
    return f"""JOIN sku ON sku.id = l.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN store_sku shelf ON shelf.store_id = {store} AND shelf.sku_id = l.sku_id"""


_TRANSFERS = text("""
    SELECT t.*, a.name AS from_store, b.name AS to_store, lines.skus, lines.asked, lines.shipped, lines.received,
           t.state = 'received' AND t.settled IS NULL AND lines.differs AS differs
    FROM stock_transfer t JOIN store a ON a.id = t.store_id JOIN store b ON b.id = t.to_store_id
    CROSS JOIN LATERAL (SELECT count(*) AS skus, sum(asked)::bigint AS asked, sum(shipped)::bigint AS shipped,
        sum(received)::bigint AS received, bool_or(shipped <> received) AS differs FROM stock_transfer_line l
        WHERE l.store_id = t.store_id AND l.transfer_id = t.id) lines
    WHERE (:store = 0 OR :store IN (t.store_id, t.to_store_id)) AND (:state = '' OR t.state = :state)
      AND (CAST(:before AS bigint) IS NULL OR t.id < :before) AND (CAST(:id AS bigint) IS NULL OR t.id = :id)
    ORDER BY t.id DESC LIMIT :most""")
_TRANSFER_LINES = text(f"""
    SELECT l.sku_id, {_GOODS}, l.asked, l.shipped, l.received, l.damaged, l.received - l.shipped AS differs
    FROM stock_transfer_line l {_goods(":shelf_of")} WHERE l.store_id = :store AND l.transfer_id = :id
    ORDER BY shelf, l.sku_id""")
_DELIVERIES = text("""
    SELECT d.*, lines.skus, lines.expected, lines.received,
           d.state = 'received' AND d.settled IS NULL AND lines.differs AS differs
    FROM stock_delivery d
    CROSS JOIN LATERAL (SELECT count(*) AS skus, sum(expected)::bigint AS expected, sum(received)::bigint AS received,
        bool_or(expected <> received) AS differs FROM stock_delivery_line l
        WHERE l.store_id = d.store_id AND l.delivery_id = d.id) lines
    WHERE (:store = 0 OR d.store_id = :store) AND (:state = '' OR d.state = :state)
      AND (CAST(:before AS bigint) IS NULL OR d.id < :before) AND (CAST(:id AS bigint) IS NULL OR d.id = :id)
    ORDER BY d.id DESC LIMIT :most""")
_DELIVERY_LINES = text(f"""
    SELECT l.sku_id, {_GOODS}, l.expected, l.received, l.damaged, l.received - l.expected AS differs
    FROM stock_delivery_line l {_goods(":store")} WHERE l.store_id = :store AND l.delivery_id = :id
    ORDER BY shelf, l.sku_id""")
_COUNTS = text("""
    SELECT c.id, c.store_id, c.name, c.state, c.recount_above, c.actor, c.at, c.moved_by, c.moved_at, lines.skus,
           lines.scanned, lines.variance
    FROM stock_count c
    CROSS JOIN LATERAL (SELECT count(*) AS skus, sum(l.variance)::bigint AS variance,
        count(*) FILTER (WHERE EXISTS (SELECT FROM stock_count_scan s WHERE s.store_id = c.store_id
            AND s.count_id = c.id AND s.sku_id = l.sku_id AND s.turn = l.turn)) AS scanned
        FROM stock_count_line l WHERE l.store_id = c.store_id AND l.count_id = c.id) lines
    WHERE (:store = 0 OR c.store_id = :store) AND (:state = '' OR c.state = :state)
      AND (CAST(:before AS bigint) IS NULL OR c.id < :before) AND (CAST(:id AS bigint) IS NULL OR c.id = :id)
    ORDER BY c.id DESC LIMIT :most""")
_COUNT_LINES = text(f"""
    SELECT l.sku_id, {_GOODS}, l.turn, coalesce(level.picked, 0) AS in_totes,
           coalesce(level.quarantine, 0) AS set_apart,
           (SELECT sum(qty)::bigint FROM stock_count_scan s WHERE s.store_id = l.store_id AND s.count_id = l.count_id
               AND s.sku_id = l.sku_id AND s.turn = l.turn) AS on_shelf,
           l.snapshot, l.expected, l.counted, l.variance, l.superseded
    FROM stock_count_line l {_goods("l.store_id")}
    LEFT JOIN stock_level level ON level.store_id = l.store_id AND level.sku_id = l.sku_id
    WHERE l.store_id = :store AND l.count_id = :id ORDER BY shelf, l.sku_id""")
_BLIND = ("snapshot", "expected", "counted", "variance")


def _page(
    session: Session, statement: TextClause, store_id: int, state: str, before: int | None, most: int, one: int | None
) -> list[dict[str, Any]]:
    given = {"store": store_id, "state": state, "before": before, "most": most, "id": one}
    return as_json(fetch(session, statement, given))


def _one(session: Session, heads: TextClause, lines: TextClause, store_id: int, paper_id: int) -> dict[str, Any]:
    found = _page(session, heads, store_id, "", None, 1, paper_id)
    if not found:
        raise NotFound(id=paper_id)
    head = found[0]
    given = {"store": head["store_id"], "id": paper_id, "shelf_of": store_id or head["store_id"]}
    return {**head, "lines": as_json(fetch(session, lines, given))}


def transfers(
    session: Session, store_id: int, *, state: str = "", before: int | None = None, most: int = PAGE
) -> list[dict[str, Any]]:
    """Transfers from or to a store (0 is every store), newest first; `differs` while a difference waits for a word."""
    return _page(session, _TRANSFERS, store_id, state, before, most, None)


def transfer(session: Session, store_id: int, transfer_id: int) -> dict[str, Any]:
    """One transfer with its lines, by the shelves of the store that looks.  NotFound when it is not of this store."""
    return _one(session, _TRANSFERS, _TRANSFER_LINES, store_id, transfer_id)


def deliveries(
    session: Session, store_id: int, *, state: str = "", before: int | None = None, most: int = PAGE
) -> list[dict[str, Any]]:
    """Deliveries to a store (0 is every store), newest first."""
    return _page(session, _DELIVERIES, store_id, state, before, most, None)


def delivery(session: Session, store_id: int, delivery_id: int) -> dict[str, Any]:
    """One delivery with its lines.  NotFound when it is not of this store."""
    return _one(session, _DELIVERIES, _DELIVERY_LINES, store_id, delivery_id)


def counts(
    session: Session, store_id: int, *, state: str = "", before: int | None = None, most: int = PAGE
) -> list[dict[str, Any]]:
    """Counts of a store (0 is every store), newest first, with how many of their skus were scanned."""
    return [_blind(one) for one in _page(session, _COUNTS, store_id, state, before, most, None)]


def count(session: Session, store_id: int, count_id: int) -> dict[str, Any]:
    """One count with its lines by shelf.  While it is open it is blind: no line says what is expected.

    `in_totes` and `set_apart` are shown, so that what was picked is not taken for missing; they are not to be counted.
    """
    found = _one(session, _COUNTS, _COUNT_LINES, store_id, count_id)
    if found["state"] == "open":
        found["lines"] = [{k: v for k, v in line.items() if k not in _BLIND} for line in found["lines"]]
    return _blind(found)


def _blind(head: dict[str, Any]) -> dict[str, Any]:
    return head if head["state"] != "open" else {k: v for k, v in head.items() if k != "variance"}
