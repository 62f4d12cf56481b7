"""Promises go from bucket to bucket and from store to store; what is refused leaves every figure where it was."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config.db import transaction
from tests.trade.stock.words import agrees, do, everything, level
from trade.stock import moves, proof, set_aside
from trade.stock.moves import NotHeld, OutOfStock


def test_a_promise_goes_from_unpaid_to_gone(session, shop, now):
    milk, store = shop.skus["milk"], shop.store_id
    do(session, moves.hold, store, {milk: 3}, order_id=1, until=now)
    assert level(session, shop) == (5, 3, 0, 0, 2, 2)
    do(session, moves.commit, None, order_id=1)
    assert level(session, shop) == (5, 0, 3, 0, 2, 2)
    do(session, moves.pick, store, {milk: 2}, order_id=1)
    assert level(session, shop) == (5, 0, 1, 2, 2, 2)
    do(session, moves.unpick, store, {milk: 1}, order_id=1)
    assert level(session, shop) == (5, 0, 2, 1, 2, 2)
    given = {"order_id": 1, "actor": "t", "now": now}
    assert do(session, moves.consume, store, {milk: 2}, key="parcel:1:hand", **given) == [milk]
    assert level(session, shop) == (3, 0, 1, 0, 2, 2)
    assert do(session, moves.release, None, order_id=1) == {store: [milk]}
    assert level(session, shop) == (3, 0, 0, 0, 3, 3)
    assert do(session, moves.release, None, order_id=1) == {}
    assert agrees(session)


def test_a_second_hold_of_a_sku_is_added_and_its_end_is_the_newer_one(session, shop, now):
    milk = shop.skus["milk"]
    do(session, moves.hold, shop.store_id, {milk: 1}, order_id=1, until=now)
    do(session, moves.hold, shop.store_id, {milk: 2}, order_id=1, until=now + timedelta(minutes=5))
    held = session.execute(text("SELECT qty, held_until FROM stock_hold")).one()
    assert (held.qty, held.held_until) == (3, now + timedelta(minutes=5))


@pytest.mark.parametrize("step", ["pick", "unpick", "consume", "release", "move"])
def test_more_than_an_order_holds_moves_nothing(session, shop, other, now, step):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    do(session, moves.hold, shop.store_id, {milk: 2, bread: 1}, order_id=1)
    do(session, moves.commit, shop.store_id, order_id=1)
    do(session, moves.pick, shop.store_id, {milk: 1}, order_id=1)
    before = everything(session)
    where = (shop.store_id, other.store_id) if step == "move" else (shop.store_id,)
    more = {"key": "x", "actor": "t", "now": now} if step == "consume" else {}
    goods = {milk: 3, bread: 1}
    if step == "release":
        more["goods"] = goods
    else:
        where += (goods,)
    with pytest.raises(NotHeld) as refused:
        do(session, getattr(moves, step), *where, order_id=1, **more)
    assert refused.value.facts["short"][milk] == {"pick": 2, "unpick": 2}.get(step, 1)
    assert everything(session) == before


def test_a_move_takes_the_promise_along_in_its_bucket_and_picked_goods_as_paid(session, shop, other, now):
    milk = shop.skus["milk"]
    do(session, moves.hold, shop.store_id, {milk: 3}, order_id=1)
    do(session, moves.commit, None, order_id=1)
    do(session, moves.pick, shop.store_id, {milk: 1}, order_id=1)
    do(session, moves.hold, shop.store_id, {milk: 1}, order_id=2, until=now)
    assert do(session, moves.move, shop.store_id, other.store_id, {milk: 2}, order_id=1) == {milk: 2}
    assert level(session, shop) == (5, 1, 0, 1, 3, 3)
    assert level(session, other) == (3, 0, 2, 0, 1, 1)
    assert do(session, moves.move, shop.store_id, other.store_id, None, order_id=2) == {milk: 1}
    assert level(session, other) == (3, 1, 2, 0, 0, 0)
    assert session.execute(text("SELECT held_until FROM stock_hold WHERE order_id = 2")).scalar_one() == now
    before = everything(session)
    with pytest.raises(OutOfStock) as refused:
        do(session, moves.move, shop.store_id, other.store_id, None, order_id=1)
    assert refused.value.facts == {"store_id": other.store_id, "sku_ids": [milk]}
    assert everything(session) == before
    do(session, moves.move, other.store_id, shop.store_id, {milk: 2}, order_id=1)
    do(session, moves.release, other.store_id, order_id=2)
    do(session, moves.move, shop.store_id, other.store_id, None, order_id=1)
    assert level(session, shop) == (5, 0, 0, 0, 5, 5)
    assert level(session, other) == (3, 0, 3, 0, 0, 0)
    assert agrees(session)


def test_goods_kept_from_the_mall_are_free_at_the_till(session, shop, now):
    milk = shop.skus["milk"]
    session.execute(text("UPDATE stock_level SET safety = 1, till_buffer = 2 WHERE sku_id = :k"), {"k": milk})
    assert level(session, shop) == (5, 0, 0, 0, 5, 2)
    with pytest.raises(OutOfStock):
        do(session, moves.hold, shop.store_id, {milk: 3}, order_id=1)
    with pytest.raises(OutOfStock):
        do(session, set_aside.set_aside, shop.store_id, {milk: 3}, promotion_id=1, actor="t", now=now)
    do(session, moves.sell, shop.store_id, {milk: 5}, key="order:2:sell", actor="t", now=now)
    assert level(session, shop) == (0, 0, 0, 0, 0, -3)
    session.execute(text("UPDATE stock_level SET on_hand = 9, count_due = true WHERE sku_id = :k"), {"k": milk})
    assert level(session, shop) == (9, 0, 0, 0, 9, 0)
    with pytest.raises(OutOfStock):
        do(session, moves.hold, shop.store_id, {milk: 1}, order_id=1)


@pytest.mark.parametrize(
    "lie",
    [
        "committed = committed + 4",
        "committed = 0, held = held - 1",
        "quarantine = 4",
        "on_hand = 1",
        "picked = -1",
        "safety = -1",
    ],
)
def test_the_table_itself_keeps_promises_within_what_is_there(session, shop, lie):
    do(session, moves.hold, shop.store_id, {shop.skus["milk"]: 2}, order_id=1)
    do(session, moves.commit, None, order_id=1)
    lying = text(f"UPDATE stock_level SET {lie} WHERE sku_id = :k")
    with pytest.raises(IntegrityError):
        do(session, Session.execute, lying, {"k": shop.skus["milk"]})
    assert level(session, shop) == (5, 0, 2, 0, 3, 3)


@pytest.mark.parametrize("bucket", ["held", "committed", "picked"])
def test_a_level_that_lies_about_a_bucket_is_found(session, shop, bucket):
    with transaction(session):
        session.execute(text(f"UPDATE stock_level SET {bucket} = 1 WHERE sku_id = :k"), {"k": shop.skus["milk"]})
    found = proof.differences(session)
    assert [(row["sku_id"], row["at_stake"]) for row in found] == [(shop.skus["milk"], 1)]


def test_promises_moved_by_many_threads_are_never_lost_nor_doubled(open_session, session, shop, other, now):
    """Twelve orders of one milk and one bread wander between two stores, are picked, sold and released at once."""
    goods = {shop.skus["milk"]: 1, shop.skus["bread"]: 1}
    stores = (shop.store_id, other.store_id)
    with transaction(session):
        for place in stores:
            moves.take_in(session, place, dict.fromkeys(goods, 20), key="more", actor="t", now=now)
    for order in range(1, 13):
        do(session, moves.hold, stores[order % 2], goods, order_id=order)

    def wander(number: int) -> str:
        order, step = number % 12 + 1, number // 12
        with open_session() as mine:
            try:
                if step in (5, 9) and order % 3 != step % 2:
                    with transaction(mine):
                        for place in stores:
                            (moves.commit if step == 5 else moves.release)(mine, place, order_id=order)
                else:
                    do(mine, moves.move, stores[step % 2], stores[1 - step % 2], goods, order_id=order)
            except (NotHeld, OutOfStock) as refused:
                return refused.code
        return "done"

    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(wander, range(12 * 12)))
    assert outcomes["done"] > 12 and outcomes.keys() <= {"done", "not_held"}
    session.rollback()
    left = session.execute(text("SELECT order_id, sku_id, sum(qty) FROM stock_hold GROUP BY 1, 2 ORDER BY 1, 2")).all()
    assert list(map(tuple, left)) == [
        (order, sku, 1) for order in range(1, 13) if order % 3 == 1 for sku in sorted(goods)
    ]
    assert agrees(session)


def test_the_last_unit_moved_to_by_many_goes_to_one(open_session, session, shop, other):
    milk = shop.skus["milk"]
    for order in range(1, 6):
        do(session, moves.hold, shop.store_id, {milk: 1}, order_id=order)
    do(session, moves.hold, other.store_id, {milk: 2}, order_id=99)

    def go(order: int) -> str:
        with open_session() as mine:
            try:
                do(mine, moves.move, shop.store_id, other.store_id, None, order_id=order)
            except OutOfStock as refused:
                return refused.code
        return "done"

    with ThreadPoolExecutor(5) as pool:
        assert Counter(pool.map(go, range(1, 6))) == {"done": 1, "out_of_stock": 4}
    assert level(session, shop)[:2] == (5, 4) and level(session, other)[:2] == (3, 3)
    assert agrees(session)
