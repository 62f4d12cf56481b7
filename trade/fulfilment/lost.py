"""Orders lost what a store had promised them: the fact that makes their parcels find another store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from config import journal
from trade.stock.facts import Broken


def tell(session: Session, at_store_id: int, broken: Iterable[Broken], *, actor: str, now: datetime) -> int:
    """Tell of each order that lost something (`order.promise_broken`); returns how many there are.

    Call it with what `trade.stock.facts` or `rejects` returned, in the same transaction.  The orders' own rows are
    locked before stock, so what becomes of them is a transaction of its own (`workers/jobs/reroute_broken.py`).
    """
    by_order: dict[int, set[int]] = {}
    for one in broken:
        by_order.setdefault(one.order_id, set()).add(one.sku_id)
    for order_id, skus in sorted(by_order.items()):
        data = {"order_id": order_id, "at_store_id": at_store_id, "sku_ids": sorted(skus)}
        journal.record(session, "order.promise_broken", f"order:{order_id}", actor=actor, now=now, **data)
    return len(by_order)
