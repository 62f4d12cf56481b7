"""Two hundred want the last loaf: at the till, in the mall, and as orders of another channel."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from config.db import transaction
from config.errors import Refused
from tests import factories as make
from tests.stories import books
from tests.trade.intake.conftest import bring, document, states
from trade.stock import moves as stock
from workers.jobs import take_orders


def test_two_hundred_want_the_last_loaf_and_one_gets_it(session, open_session, shops, channel, now):
    shop = shops[0]
    make.ring_up(session, shop, now, bread=99)
    with transaction(session):
        stock.take_in(session, shop.store_id, {shop.skus["milk"]: 100}, key="in", actor="t", now=now)
    members = [make.a_member(session, phone=f"1391234{number:04d}", now=now) for number in range(8)]
    bring(session, channel, now, *[document(f"N{n}", milk=1) for n in range(66)], take=False)

    def buy(number: int) -> str:
        with open_session() as own:
            try:
                if number % 2:
                    make.ring_up(own, shop, now, bread=1)
                else:
                    make.order_online(own, shop, members[number % 8], now, bread=1)
            except Refused as refused:
                return refused.code
        return "done"

    with ThreadPoolExecutor(24) as pool:
        took = [pool.submit(take_orders.run, (), open_session) for _ in range(4)]
        outcomes = Counter(pool.map(buy, range(134)))
        for one in took:
            one.result()
    ordered = sum(state == "ordered" for state in states(session).values())
    assert outcomes["done"] + ordered == 1
    assert outcomes.keys() <= {"done", "out_of_stock"} and len(states(session)) == 66
    assert books(session).keys() <= {"credits", "growth"}  # what their jobs do later
