"""Unpaid promises end by themselves, whichever worker comes first, and the mall hears of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.stock import moves, proof
from workers.jobs import expire_holds


def test_all_that_are_due_end_in_batches_once(session, now, monkeypatch):
    shop = make.open_shop(session, stock_of={"milk": 30}, now=now)
    milk = shop.skus["milk"]
    for order in range(1, 12):
        with transaction(session):
            until = now + timedelta(minutes=order)
            moves.hold(session, shop.store_id, {milk: 1}, order_id=order, until=until)
    monkeypatch.setattr(expire_holds, "BATCH", 3)
    monkeypatch.setattr("config.clock.now", lambda: now + timedelta(minutes=10))
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: expire_holds.run(), range(4))) == 10
    left = session.execute(text("SELECT order_id FROM stock_hold")).scalars().all()
    assert left == [11]
    told = session.execute(text("SELECT data -> 'order_ids' FROM journal WHERE kind = 'stock.changed'")).scalars()
    assert sorted(order for one in told for order in one) == list(range(1, 11))
    assert proof.differences(session) == []
