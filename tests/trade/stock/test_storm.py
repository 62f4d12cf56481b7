"""Everything that can happen to stock, at random and at once: no deadlock, no lost unit, no empty promise.

`TONGDIAN_STORM=2000` steps a thread for the long form.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

from sqlalchemy import text

from config.db import transaction
from config.errors import Refused
from tests import factories as make
from tests.trade.stock.test_kits import a_kit
from trade.stock import (
    buffers,
    counts,
    expiry,
    facts,
    moves,
    proof,
    quarantine,
    receiving,
    rejects,
    set_aside,
    transfers,
)
from trade.stock.arrivals import Arrived

STEPS = int(os.environ.get("TONGDIAN_STORM", "25"))
THREADS, ORDERS = 8, 12


class Storm:
    """One thread's doings in a chain of three stores; every step is a transaction."""

    def __init__(self, open_session, stores, skus, kit, now, seed: int) -> None:
        self.open, self.stores, self.skus, self.kit, self.now = open_session, stores, skus, kit, now
        self.dice, self.seed = Random(seed), seed
        self.said: Counter[str] = Counter()

    def goods(self, most: int = 3) -> dict[int, int]:
        chosen = self.dice.sample([*self.skus, self.kit], self.dice.randint(1, len(self.skus)))
        return {sku: self.dice.randint(1, most) for sku in chosen}

    def plain(self) -> dict[int, int]:
        return {
            sku: self.dice.randint(1, 3) for sku in self.dice.sample(self.skus, self.dice.randint(1, len(self.skus)))
        }

    def run(self) -> Counter[str]:
        steps = [name for name in dir(self) if name.startswith("do_")]
        for number in range(STEPS):
            step = self.dice.choice(steps)
            self.by = {"actor": "t", "now": self.now + timedelta(seconds=number)}
            self.key = f"{step}:{self.seed}:{number}"
            self.store, self.other = self.dice.sample(self.stores, 2)
            self.order = self.dice.randint(1, ORDERS)
            with self.open() as session:
                try:
                    with transaction(session):
                        getattr(self, step)(session)
                    self.said[step] += 1
                except Refused as refused:
                    self.said[refused.code] += 1
        return self.said

    def do_hold(self, session):
        until = self.dice.choice([None, self.now])
        moves.hold(session, self.store, self.goods(), order_id=self.order, until=until)

    def do_commit(self, session):
        moves.commit(session, self.store, order_id=self.order)

    def do_pick(self, session):
        moves.pick(session, self.store, self.dice.choice([None, self.goods(1)]), order_id=self.order)

    def do_unpick(self, session):
        moves.unpick(session, self.store, None, order_id=self.order)

    def do_consume(self, session):
        goods = self.dice.choice([None, self.goods(1)])
        moves.consume(session, self.store, goods, order_id=self.order, key=self.key, **self.by)

    def do_release(self, session):
        moves.release(session, self.store, order_id=self.order)

    def do_move(self, session):
        goods = self.dice.choice([None, self.goods(1)])
        moves.move(session, self.store, self.other, goods, order_id=self.order)

    def do_sell(self, session):
        moves.sell(session, self.store, self.goods(), key=self.key, **self.by)

    def do_return(self, session):
        moves.take_in(session, self.store, self.goods(2), key=self.key, **self.by)

    def do_sell_unseen(self, session):
        facts.take_as_fact(session, self.store, self.goods(2), key=self.key, accepted={1, 2}, **self.by)

    def do_reject(self, session):
        reason = self.dice.choice(list(rejects.Reason))
        rejects.effect_of_reject(session, self.store, reason, self.goods(1), key=self.key, **self.by)

    def do_set_aside(self, session):
        set_aside.set_aside(session, self.store, self.plain(), promotion_id=self.dice.randint(1, 2), **self.by)

    def do_draw(self, session):
        goods = self.goods(1)
        one = self.dice.choice(list(goods))
        set_aside.draw(session, self.store, {one: 1}, promotion_id=self.dice.randint(1, 2), whole=goods)
        moves.hold(session, self.store, goods, order_id=self.order)

    def do_free(self, session):
        set_aside.free(session, self.dice.randint(1, 2), **self.by)

    def do_quarantine(self, session):
        act = self.dice.choice([quarantine.quarantine, quarantine.unquarantine, quarantine.write_off])
        act(session, self.store, self.plain(), key=self.key, reason="storm", **self.by)

    def do_keep(self, session):
        buffers.keep(session, self.store, {sku: (self.dice.randint(0, 2), 0) for sku in self.plain()}, **self.by)

    def do_expire(self, session):
        expiry.expire_holds(session, most=3, **self.by)

    def do_transfer(self, session):
        paper = transfers.request(session, self.store, self.other, self.plain(), **self.by)
        goods = {row.sku_id: row.asked for row in session.execute(_LINES, {"id": paper})}
        transfers.ship(session, self.store, paper, goods, **self.by)

    def do_arrive(self, session):
        row = session.execute(text("SELECT id, store_id FROM stock_transfer WHERE state = 'shipped' LIMIT 1")).first()
        if row:
            goods = {line.sku_id: Arrived(line.shipped) for line in session.execute(_LINES, {"id": row.id})}
            transfers.receive(session, row.store_id, row.id, goods, **self.by)

    def do_deliver(self, session):
        paper = receiving.expect(session, self.store, self.plain(), supplier="x", **self.by)
        receiving.receive(session, self.store, paper, {sku: Arrived(3) for sku in self.skus}, **self.by)

    def do_count(self, session):
        plain = self.plain()
        count = counts.open_count(session, self.store, list(plain), recount_above=1000, **self.by)
        counts.scan(
            session, self.store, count, [(sku, qty * 4, self.by["now"]) for sku, qty in plain.items()], actor="t"
        )
        counts.post(session, self.store, count, **self.by)


_LINES = text("SELECT sku_id, asked, shipped FROM stock_transfer_line WHERE transfer_id = :id ORDER BY sku_id")


def test_a_storm_over_three_stores(open_session, session, now):
    shops = [make.open_shop(session, code=f"S{n}", stock_of={"milk": 30, "bread": 30}, now=now) for n in (1, 2, 3)]
    kit = a_kit(session, shops[0], now, milk=2, bread=1)
    stores, skus = [shop.store_id for shop in shops], sorted(shops[0].skus[name] for name in ("milk", "bread", "apple"))
    storms = [Storm(open_session, stores, skus, kit, now, seed) for seed in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        said = sum(pool.map(Storm.run, storms), Counter[str]())
    assert sum(said.values()) == THREADS * STEPS
    session.rollback()
    assert proof.differences(session) == []
    assert session.execute(text("SELECT count(*) FROM stock_level WHERE sku_id = :kit"), {"kit": kit}).scalar_one() == 0
