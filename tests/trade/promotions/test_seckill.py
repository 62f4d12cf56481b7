"""秒杀: goods of its own, a gate before the rush, and what is left goes back when it is over."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, Refused, WrongState
from config.redis import connection, key
from tests import factories as make
from trade.books.registry import prove
from trade.orders import close, place, seckill, shown
from trade.orders.place import Basket
from trade.pricing.promotions import book, counts, gate
from trade.stock import moves, proof
from trade.stock.moves import OutOfStock
from workers.jobs import end_promotions

MEMBER = 1
ENDS = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 8}, now=now)


@pytest.fixture
def rush(session, shop, now):
    """5 of 8 milk for one yuan until midnight, set aside."""
    assert make.a_member(session, now=now) == MEMBER
    form = {"kind": "seckill", "prices": {shop.skus["milk"]: 100}, "quotas": {"total_units": 5}}
    one = make.a_promotion(session, now, starts="2026-11-23T00:00", ends="2026-11-23T23:59", **form)
    with transaction(session):
        seckill.supply(session, one, shop.store_id, {shop.skus["milk"]: 5}, actor="t", now=now)
    return one


def _agree(session) -> None:
    with transaction(session):
        assert [
            row for one in prove(session, ["promotions", "orders", "order_goods", "stock"]) for row in one.rows
        ] == []


def _free(session, shop) -> int:
    session.rollback()
    row = session.execute(text("SELECT free_online FROM stock_level WHERE sku_id = :m"), {"m": shop.skus["milk"]})
    return row.scalar_one()


def _buy(session, shop, now, qty=1, rush=None) -> int:
    """Order milk in the mall, at the price of the rush or, barred from it, at the list's; returns the order."""
    bar = [] if rush else [row.id for row in book.at(session, shop.store_id, now).rules.rules]
    basket = Basket(shop.store_id, make.wants(shop, milk=qty), MEMBER, barred=bar)
    with transaction(session):
        due = {"expected_payable_fen": qty * (100 if rush else 990), "unpaid_for": timedelta(minutes=15)}
        given = {"promise_at": now + timedelta(hours=2), "remark": "", "actor": "t", "now": now}
        return place.online(session, basket, **due, **given)


def test_what_is_set_aside_is_sold_by_its_own_orders_only(session, shop, rush, now):
    assert _free(session, shop) == 3
    with pytest.raises(place.ShortOf):
        _buy(session, shop, now, qty=4)
    shown = place.price(session, Basket(shop.store_id, make.wants(shop, milk=4), MEMBER, channel="mall"), now=now)
    assert (shown.payable_fen, shown.lines[0].item.free) == (400, 8)
    order = _buy(session, shop, now, qty=2, rush=rush)
    assert _free(session, shop) == 3
    with transaction(session):
        close.cancel(session, shop.store_id, order, actor="t", now=now)
    assert _free(session, shop) == 5
    _buy(session, shop, now, qty=5, rush=rush)  # 3 of them set aside, 2 free again
    assert _free(session, shop) == 3
    _agree(session)


def test_a_rush_and_a_shop_sell_each_their_own_units(open_session, session, shop, rush, now):
    def buy(number: int) -> str:
        try:
            with open_session() as mine:
                _buy(mine, shop, now, rush=rush if number % 2 else None)
        except Refused as refused:
            return refused.code
        return "rush" if number % 2 else "shop"

    with ThreadPoolExecutor(64) as pool:
        found = Counter(pool.map(buy, range(1, 65)))
    assert (found["rush"], found["shop"]) == (5, 3), found
    _agree(session)


@pytest.mark.parametrize("qty", [4, 9])
def test_more_than_is_free_is_not_set_aside(session, shop, rush, now, qty):
    with pytest.raises(OutOfStock), transaction(session):
        seckill.supply(session, rush, shop.store_id, {shop.skus["milk"]: qty}, actor="t", now=now)
    assert (_free(session, shop), proof.differences(session)) == (3, [])


def test_only_a_seckill_that_is_not_over_is_supplied(session, shop, rush, now):
    other = make.a_promotion(session, now)
    with transaction(session):
        seckill.end(session, rush, actor="t", now=now)
    assert _free(session, shop) == 8
    for one, error in ((other, NotFound), (99, NotFound), (rush, WrongState)):
        with pytest.raises(error), transaction(session):
            seckill.supply(session, one, shop.store_id, {shop.skus["milk"]: 1}, actor="t", now=now)
    assert (_free(session, shop), proof.differences(session)) == (8, [])


def test_what_is_unsold_comes_back_at_the_end(session, shop, rush, now, monkeypatch):
    _buy(session, shop, now, qty=2, rush=rush)
    state = text("SELECT state FROM promotion WHERE id = :id")
    steps = [
        (ENDS - timedelta(milliseconds=1), 0, 3, "live"),
        (ENDS, 1, 6, "live"),
        (ENDS, 0, 6, "live"),
        (ENDS + book.REMEMBERED, 1, 6, "ended"),
        (ENDS + book.REMEMBERED, 0, 6, "ended"),
    ]
    for at, done, free, stands in steps:
        monkeypatch.setattr("config.clock.now", lambda at=at: at)
        assert (end_promotions.run(), _free(session, shop)) == (done, free)
        assert session.execute(state, {"id": rush}).scalar() == stands
    assert proof.differences(session) == []


def test_the_gate_turns_away_without_the_database(session, shop, rush, now, monkeypatch):
    monkeypatch.setattr(gate, "TTL_S", 60)

    tokens = {}
    for units in (1, 2):
        basket = Basket(shop.store_id, make.wants(shop, milk=units), MEMBER, channel="mall")
        quoted = shown.as_json(basket, place.price(session, basket, now=now), now=now)
        tokens[units] = quoted["token"]

    def order(ticket: str, units: int = 2, *, sold: bool = True) -> str:
        try:
            with seckill.gate_for(session, shop.store_id, tokens[units], ticket=ticket, now=now):
                if not sold:
                    raise place.EmptyBasket()
        except Refused as refused:
            return refused.code
        return "in"

    assert [order(ticket) for ticket in "abcaab"] == ["in", "in", "promotion_quota_used", "in", "in", "in"]
    assert [order("d", 1, sold=False), order("e", 1), order("f", 1)] == ["empty_basket", "in", "promotion_quota_used"]
    _buy(session, shop, now, qty=5, rush=rush)
    connection().delete(key(f"rush:{rush}:{shop.store_id}"))  # lost: it is filled from what is left
    assert [order("g", 1), order("a")] == ["promotion_quota_used", "in"]
    with transaction(session):
        counts.give_back(session, shop.store_id, 1)
    assert order("h", 1) == "promotion_quota_used"  # until the bucket is filled anew
    connection().delete(key(f"rush:{rush}:{shop.store_id}"))
    assert order("h", 1) == "in"


def test_rush_and_plain_baskets_of_the_same_goods_never_deadlock(open_session, session, shop, now):
    """A rush order locks what it draws on first; all it needs is locked then, in the order of everybody else."""
    members = [make.a_member(session, phone=f"1391234{number:04d}", now=now) for number in range(12)]
    store, milk, bread = shop.store_id, shop.skus["milk"], shop.skus["bread"]
    assert milk < bread, "the drawn sku must not be the last"
    form = {"kind": "seckill", "prices": {bread: 100}}
    last = make.a_promotion(session, now, starts="2026-11-23T00:00", ends="2026-11-23T23:59", **form)
    with transaction(session):
        seckill.supply(session, last, store, {bread: 40}, actor="t", now=now)

    def go(number: int) -> str:
        with open_session() as mine:
            if number % 2:
                make.order_online(mine, shop, members[number % 12], now, milk=1, bread=1)
            else:
                make.ring_up(mine, shop, now, bread=1, milk=1)
        return "done"

    with transaction(session):
        moves.take_in(session, store, {milk: 200}, key="more", actor="t", now=now)
    with ThreadPoolExecutor(12) as pool:
        assert Counter(pool.map(go, range(60))) == {"done": 60}
    _agree(session)
