"""Every guarded statement, with real threads on real connections."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from config.db import transaction
from member import points
from member.points import PointsShort
from tests import factories as make
from trade.orders import place, returns
from trade.orders.shifts import moves as shifts
from trade.stock import moves as stock
from trade.stock import proof as stock_proof
from trade.stock.moves import OutOfStock
from trade.stores import tills
from trade.stores.models import Role


def _try(work, *refusals):
    try:
        work()
    except refusals as refused:
        return refused.code
    return "done"


def test_two_hundred_buyers_for_ten_units_across_till_and_mall(open_session, session, now):
    shop = make.open_shop(session, stock_of={"milk": 10}, now=now)
    members = [make.a_member(session, phone=f"1391234{number:04d}", now=now) for number in range(20)]

    def buy(number: int) -> str:
        with open_session() as mine:
            if number % 2:
                return _try(lambda: make.ring_up(mine, shop, now, milk=1), place.ShortOf, OutOfStock)
            return _try(lambda: make.order_online(mine, shop, members[number % 20], now, milk=1), place.ShortOf)

    with ThreadPoolExecutor(24) as pool:
        outcomes = Counter(pool.map(buy, range(200)))
    assert outcomes == {"done": 10, "out_of_stock": 190}
    level = session.execute(
        text("SELECT free_online AS free, on_hand FROM stock_level WHERE sku_id = :sku"), {"sku": shop.skus["milk"]}
    ).one()
    assert level.free == 0
    assert stock_proof.differences(session) == []


def test_orders_over_the_same_rows_in_any_order_never_deadlock(open_session, session, now):
    shop = make.open_shop(session, now=now)
    names = ["milk", "bread", "apple"]

    def buy(number: int) -> str:
        turned = names[number % 3 :] + names[: number % 3]
        with open_session() as mine:
            return _try(lambda: make.ring_up(mine, shop, now, **dict.fromkeys(turned, 1)))

    with ThreadPoolExecutor(16) as pool:
        assert Counter(pool.map(buy, range(60))) == {"done": 60}
    assert stock_proof.differences(session) == []


def test_fifty_spends_of_one_balance_and_one_wins(open_session, session, now):
    member = make.a_member(session, points_of=100, now=now)

    def spend(number: int) -> str:
        with open_session() as mine, transaction(mine):
            points.spend(mine, member, 100, source=f"order:{number}", actor="t", now=now)
        return "done"

    with ThreadPoolExecutor(25) as pool:
        outcomes = Counter(pool.map(lambda n: _try(lambda: spend(n), PointsShort), range(50)))
    assert outcomes == {"done": 1, "points_short": 49}
    assert points.check(session) == []


def test_sixty_four_earnings_under_one_key_credit_once(open_session, session, now):
    member = make.a_member(session, now=now)

    def earn(_):
        with open_session() as mine, transaction(mine):
            return points.earn(
                mine, member, 10, source="order:1", key="order:1:earn", pending=False, actor="t", now=now
            )

    with ThreadPoolExecutor(25) as pool:
        assert sum(pool.map(earn, range(64))) == 1
    assert points.balance(session, member).available == 10


def test_one_shift_opens_on_a_till(open_session, session, now):
    shop = make.open_shop(session, now=now)
    with transaction(session):
        card = tills.of_token(session, shop.till_token)
        assert card is not None
        make.close_shift(session, shop.store_id, shop.shift_id, 20_000, now)

    def open_(_):
        with open_session() as mine, transaction(mine):
            make.open_shift(mine, card, shop.people[Role.CASHIER], 0, now)

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(lambda n: _try(lambda: open_(n), shifts.ShiftOpen), range(8)))
    assert outcomes == {"done": 1, "shift_open": 7}


def test_one_unit_comes_back_once(open_session, session, now):
    """Complaint 4.12, without a till: eight transactions, one unit."""
    shop = make.open_shop(session, now=now)
    order = make.ring_up(session, shop, now, milk=1)

    def back(_):
        with open_session() as mine, transaction(mine):
            returns.take_back(
                mine,
                shop.store_id,
                order,
                {1: 1},
                expected_refund_fen=990,
                at_store_id=shop.store_id,
                shift_id=shop.shift_id,
                staff_id=1,
                actor="t",
                now=now,
            )

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(lambda n: _try(lambda: back(n), returns.TooMuchReturned), range(8)))
    assert outcomes == {"done": 1, "too_much_returned": 7}
    assert stock_proof.differences(session) == []


def test_two_hundred_for_the_last_unit_across_till_mall_and_intake(open_session, session, now):
    """Two lines of one sku in one order among them: they want two, and get none."""
    shop = make.open_shop(session, stock_of={"milk": 1}, now=now)
    members = [make.a_member(session, phone=f"1391234{number:04d}", now=now) for number in range(8)]
    milk = shop.skus["milk"]
    twice = place.Basket(shop.store_id, [*make.wants(shop, milk=1), *make.wants(shop, milk=1)], members[0])

    def two_lines(mine) -> None:
        with transaction(mine):
            due = place.price(mine, twice, now=now)
            assert [line.qty for line in due.lines if line.item.sku_id == milk] != []
            given: dict[str, Any] = {"received_fen": due.due_fen, "expected_payable_fen": due.payable_fen}
            place.at_till(mine, twice, shop.sale(), **given, actor="t", now=now)

    def buy(number: int) -> str:
        with open_session() as mine:
            ways = (
                lambda: make.ring_up(mine, shop, now, milk=1),
                lambda: make.order_online(mine, shop, members[number % 8], now, milk=1),
                lambda: _hold(mine, shop.store_id, {milk: 1}, 100_000 + number, now),
                lambda: two_lines(mine),
            )
            return _try(ways[number % 4], place.ShortOf, OutOfStock)

    with ThreadPoolExecutor(24) as pool:
        outcomes = Counter(pool.map(buy, range(200)))
    assert outcomes == {"done": 1, "out_of_stock": 199}
    assert stock_proof.differences(session) == []


def _hold(session, store_id, goods, order_id, now):
    with transaction(session):
        stock.hold(session, store_id, goods, order_id=order_id, until=now)
