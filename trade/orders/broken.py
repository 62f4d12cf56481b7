"""Orders that lost goods to a fact (`trade/stock/facts.py`): on the desk of exceptions, until they have them again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.exceptions import cases
from trade.stock.facts import Broken

KIND = "stock_broken"
_OF = text("""
    SELECT o.store_id, o.id, coalesce(sum(worth.fen), 0)::bigint AS money_fen
    FROM sale_order o LEFT JOIN LATERAL (
        SELECT l.net_fen * least((b.qty + coalesce(kit.qty, 1) - 1) / coalesce(kit.qty, 1), l.qty) / l.qty AS fen
        FROM unnest(CAST(:orders AS bigint[]), CAST(:skus AS bigint[]), CAST(:qtys AS bigint[]))
            AS b(order_id, sku_id, qty)
        JOIN order_line l ON l.store_id = o.store_id AND l.order_id = o.id
        LEFT JOIN kit ON kit.sku_id = l.sku_id AND kit.component_sku_id = b.sku_id
        WHERE b.order_id = o.id AND (l.sku_id = b.sku_id OR kit.sku_id IS NOT NULL)) worth ON true
    WHERE o.id = ANY(CAST(:orders AS bigint[])) GROUP BY 1, 2 ORDER BY 1, 2""")


def put_on_desk(
    session: Session, at_store_id: int, broken: Sequence[Broken], *, cause: str, actor: str, now: datetime
) -> list[int]:
    """Open a case for each order that holds less than it should, by `cause`; returns the orders.

    Call it in the transaction of the fact.  Seen again, the case has the newest figures.
    """
    if not broken:
        return []
    given = {
        "orders": [one.order_id for one in broken],
        "skus": [one.sku_id for one in broken],
        "qtys": [one.qty for one in broken],
    }
    found = fetch(session, _OF, given)
    for row in found:
        lost = [one for one in broken if one.order_id == row.id]
        cases.open(
            session,
            KIND,
            f"order:{row.store_id}:{row.id}",
            money_fen=row.money_fen,
            at_stake=sum(one.qty for one in lost),
            facts={"goods": [[one.sku_id, one.qty] for one in lost], "at_store_id": at_store_id},
            store_id=row.store_id,
            order_id=row.id,
            at_store_id=at_store_id,
            cause=cause,
            actor=actor,
            now=now,
        )
    return [row.id for row in found]
