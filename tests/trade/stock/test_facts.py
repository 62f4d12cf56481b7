"""A sale that happened is never refused; what it breaks is named, in order, and no more than it must."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config.db import transaction
from tests.trade.stock.words import agrees, do, everything, level
from trade.stock import count_due, expiry, facts, moves, quarantine, rejects, set_aside
from trade.stock.facts import Broken, Promise, which_break
from trade.stock.moves import OutOfStock
from trade.stock.quarantine import NotInQuarantine
from trade.stock.rejects import Reason

T = "t"


@pytest.fixture
def promised(session, shop):
    """5 milk: order 7 has 1 unpaid, 8 has 2 paid, 9 has 2 paid."""
    milk = shop.skus["milk"]
    for order, qty in ((7, 1), (8, 2), (9, 2)):
        do(session, moves.hold, shop.store_id, {milk: qty}, order_id=order)
    for order in (8, 9):
        do(session, moves.commit, None, order_id=order)
    return milk


# sold, on hand after, broken
WORKED = ((1, 4, {7: 1}), (2, 3, {7: 1, 8: 1}), (4, 1, {7: 1, 8: 2, 9: 1}), (6, -1, {7: 1, 8: 2, 9: 2}))


@pytest.mark.parametrize(("sold", "on_hand", "broken"), WORKED)
def test_the_worked_table(session, shop, promised, now, sold, on_hand, broken):
    given = {"key": "sale:x", "actor": T, "now": now, "accepted": [9]}
    found = do(session, facts.take_as_fact, shop.store_id, {promised: sold}, **given)
    assert {one.order_id: one.qty for one in found} == broken
    assert level(session, shop)[0] == on_hand
    assert level(session, shop)[5] == 0, "a count is due, so the mall shows none"
    assert [row["sku_id"] for row in count_due.due(session, shop.store_id)] == [promised]
    told = session.execute(text("SELECT data FROM journal WHERE kind = 'stock.changed'")).scalar_one()
    assert told["sku_ids"] == [promised] and len(told["broken"]) == len(broken)
    before = everything(session)
    assert do(session, facts.take_as_fact, shop.store_id, {promised: sold}, **given) == []
    assert everything(session) == before
    assert agrees(session)


def test_what_is_free_is_sold_without_breaking_or_doubting_anything(session, shop, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    do(session, moves.hold, shop.store_id, {milk: 2}, order_id=1)
    goods = {milk: 3, bread: 4}
    assert do(session, facts.take_as_fact, shop.store_id, goods, key="x", actor=T, now=now) == []
    assert level(session, shop) == (2, 2, 0, 0, 0, 0)
    assert count_due.due(session, shop.store_id) == []
    assert agrees(session)


def test_goods_the_store_never_had_are_sold_too(session, shop, other, now):
    milk = shop.skus["milk"]
    session.execute(text("DELETE FROM stock_level WHERE store_id = :s"), {"s": other.store_id})
    session.execute(text("DELETE FROM stock_movement WHERE store_id = :s"), {"s": other.store_id})
    assert do(session, facts.take_as_fact, other.store_id, {milk: 1}, key="x", actor=T, now=now) == []
    assert level(session, other)[:2] == (-1, 0)
    with pytest.raises(OutOfStock):
        do(session, moves.sell, other.store_id, {milk: 1}, key="y", actor=T, now=now)
    do(session, moves.take_in, other.store_id, {milk: 3}, key="d", actor=T, now=now)
    assert level(session, other) == (2, 0, 0, 0, 2, 0)
    assert agrees(session)


def test_a_promotion_loses_what_it_keeps_before_any_order_does(session, shop, now):
    milk = shop.skus["milk"]
    for promotion in (1, 2):
        do(session, set_aside.set_aside, shop.store_id, {milk: 2}, promotion_id=promotion, actor=T, now=now)
    do(session, moves.hold, shop.store_id, {milk: 1}, order_id=9)
    assert do(session, facts.take_as_fact, shop.store_id, {milk: 3}, key="x", actor=T, now=now) == []
    kept = session.execute(text("SELECT promotion_id, qty FROM stock_set_aside ORDER BY 1")).all()
    assert list(map(tuple, kept)) == [(1, 1), (2, 0)]
    assert level(session, shop)[:2] == (2, 2) and agrees(session)


def test_of_equal_promises_the_newest_breaks_and_what_is_picked_last():
    held = [
        Promise(1, "picked", 30, 1),
        Promise(1, "committed", 20, 1),
        Promise(1, "held", 4, 1),
        Promise(2, "held", 9, 1),
    ]
    newer = [*held, Promise(1, "held", 5, 1), Promise(1, "committed", 21, 2)]
    order = [(one.of, one.qty) for one in which_break({1: 9}, newer, ())]
    assert order == [(5, 1), (4, 1), (21, 2), (20, 1), (30, 1)]
    assert [one.of for one in which_break({1: 9}, newer, {5, 21})] == [4, 20, 30, 5, 21]
    assert which_break({1: 3}, newer, ())[-1] == Promise(1, "committed", 21, 1)
    assert which_break({}, newer, ()) == []


def test_late_sales_while_the_mall_sells_lose_no_unit_and_promise_none_twice(open_session, session, shop, other, now):
    """Late sales, new holds, releases, payments and moves at once: the figures agree, and nothing deadlocks."""
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    do(session, moves.take_in, shop.store_id, {milk: 35, bread: 36}, key="more", actor=T, now=now)

    def go(number: int) -> str:
        with open_session() as mine:
            try:
                if number % 3 == 0:
                    given = {"key": f"late:{number % 60}", "actor": T, "now": now}
                    found = do(mine, facts.take_as_fact, shop.store_id, {milk: 1, bread: 1}, **given)
                    return "broke" if found else "sold"
                with transaction(mine):
                    moves.hold(mine, shop.store_id, {bread: 1, milk: 1}, order_id=number)
                do(mine, moves.commit, shop.store_id, order_id=number)
                if number % 3 == 1:
                    do(mine, moves.release, shop.store_id, order_id=number)
                else:
                    do(mine, moves.move, shop.store_id, other.store_id, None, order_id=number)
            except OutOfStock:
                return "short"
            return "held"

    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(go, range(120)))
    assert outcomes["held"] > 0 and outcomes["sold"] + outcomes["broke"] == 40
    assert level(session, shop)[0] == 40 - 20, "every late sale counts once, however often it is told"
    assert agrees(session)


def test_quarantine_and_its_ends(session, shop, now):
    milk, store = shop.skus["milk"], shop.store_id
    by = {"actor": T, "now": now, "reason": "broken_seal"}
    assert do(session, quarantine.quarantine, store, {milk: 3}, key="q:1", **by) == [milk]
    assert do(session, quarantine.quarantine, store, {milk: 3}, key="q:1", **by) == []
    assert level(session, shop) == (5, 0, 0, 0, 2, 2)
    there = quarantine.there(session, store)
    assert [(row["sku_id"], row["qty"], row["reason"]) for row in there] == [(milk, 3, "broken_seal")]
    assert do(session, quarantine.unquarantine, store, {milk: 1}, key="q:2", **by) == [milk]
    assert do(session, quarantine.write_off, store, {milk: 1}, key="q:3", **by) == [milk]
    assert do(session, quarantine.write_off, store, {milk: 1}, key="q:3", **by) == []
    assert do(session, quarantine.write_off, store, {milk: 1}, key="q:4", quarantined=False, **by) == [milk]
    assert level(session, shop) == (3, 0, 0, 0, 2, 2)
    assert agrees(session)


@pytest.mark.parametrize("step", ["quarantine", "unquarantine", "write_off", "write_off_shelf"])
def test_more_than_there_is_leaves_everything_where_it_was(session, shop, now, step):
    milk, bread, store = shop.skus["milk"], shop.skus["bread"], shop.store_id
    by = {"actor": T, "now": now, "reason": "r"}
    do(session, quarantine.quarantine, store, {milk: 2}, key="q:1", **by)
    before = everything(session)
    more = by | ({"quarantined": False} if step == "write_off_shelf" else {})
    act = getattr(quarantine, step.removesuffix("_shelf"))
    kind = NotInQuarantine if step in ("unquarantine", "write_off") else OutOfStock
    with pytest.raises(kind) as refused:
        do(session, act, store, {milk: 4, bread: 1}, key="q:2", **more)
    assert milk in refused.value.facts["sku_ids"]
    assert everything(session) == before


def test_ten_set_the_last_two_apart_and_two_succeed(open_session, session, other, now):
    bread = other.skus["bread"]

    def go(number: int) -> str:
        given = {"key": f"q:{number}", "reason": "r", "actor": T, "now": now}
        with open_session() as mine:
            try:
                do(mine, quarantine.quarantine, other.store_id, {bread: 1}, **given)
            except OutOfStock as refused:
                return refused.code
        return "done"

    with ThreadPoolExecutor(10) as pool:
        assert Counter(pool.map(go, range(10))) == {"done": 2, "out_of_stock": 8}
    assert agrees(session)


# reason, (on_hand, committed, free at the till, free online), in quarantine, count due
EFFECTS = (
    (Reason.NOT_FOUND, (5, 2, 3, 0), 0, True),
    (Reason.MISMATCH, (3, 2, 1, 1), 0, False),
    (Reason.DAMAGED, (5, 2, 1, 1), 2, False),
    (Reason.DISPLAY_WORN, (5, 2, 3, 1), 0, False),
    (Reason.OVERLOAD, (5, 2, 3, 3), 0, False),
    (Reason.CLOSING, (5, 2, 3, 3), 0, False),
)


@pytest.mark.parametrize(("reason", "figures", "apart", "due"), EFFECTS)
def test_what_a_reject_says_about_the_stock(session, shop, now, reason, figures, apart, due):
    """Of 5 milk another order has 2; this one's 2 were released, then rejected."""
    milk, store = shop.skus["milk"], shop.store_id
    do(session, moves.hold, store, {milk: 2}, order_id=1)
    do(session, moves.commit, None, order_id=1)
    given = {"key": "assignment:1", "actor": T, "now": now}
    assert do(session, rejects.effect_of_reject, store, reason, {milk: 2}, **given) == []
    on_hand, _, committed, _, till, online = level(session, shop)
    assert (on_hand, committed, till, online) == figures
    assert sum(row["qty"] for row in quarantine.there(session, store)) == apart
    assert [row["reason"] for row in count_due.due(session, store)] == [reason] * due
    told = session.execute(text("SELECT count(*) FROM journal WHERE kind = 'stock.changed'")).scalar_one()
    assert told == (reason not in (Reason.OVERLOAD, Reason.CLOSING))
    assert agrees(session)


@pytest.mark.parametrize("reason", [Reason.MISMATCH, Reason.DAMAGED])
def test_a_reject_of_more_than_is_free_breaks_others(session, shop, promised, now, reason):
    given = {"key": "assignment:1", "actor": T, "now": now}
    found = do(session, rejects.effect_of_reject, shop.store_id, reason, {promised: 2}, **given)
    assert found == [Broken(7, promised, "held", 1), Broken(9, promised, "committed", 1)]
    assert [row["sku_id"] for row in count_due.due(session, shop.store_id)] == [promised]
    assert agrees(session)


def test_a_count_ends_the_doubt(session, shop, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    do(session, count_due.raise_due, shop.store_id, [milk], reason="not_found", actor=T, now=now)
    do(session, count_due.raise_due, shop.store_id, [milk, bread], reason="later", actor=T, now=now)
    assert [row["reason"] for row in count_due.due(session, shop.store_id)] == ["not_found", "later"]
    assert do(session, count_due.clear, shop.store_id, [milk]) == [milk]
    assert do(session, count_due.clear, shop.store_id, [milk]) == []
    assert level(session, shop)[5] == 5 and agrees(session)


def test_promises_end_at_their_time_and_paid_ones_never(session, shop, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    for order in (1, 2, 3):
        do(session, moves.hold, shop.store_id, {milk: 1, bread: 1}, order_id=order, until=now if order < 3 else None)
    assert do(session, moves.commit, None, order_id=2) == {milk: 1, bread: 1}
    assert do(session, expiry.expire_holds, actor=T, now=now, most=10) == [1]
    assert do(session, expiry.expire_holds, actor=T, now=now, most=10) == []
    assert do(session, moves.commit, None, order_id=1) == {}
    assert level(session, shop) == (5, 1, 1, 0, 3, 3)
    told = session.execute(text("SELECT data FROM journal WHERE kind = 'stock.changed'")).scalar_one()
    assert (told["cause"], told["order_ids"]) == ("hold_expired", [1])
    assert agrees(session)


def test_paying_at_the_last_moment_keeps_all_or_finds_nothing(open_session, session, shop, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    for order in range(1, 5):
        do(session, moves.hold, shop.store_id, {milk: 1, bread: 1}, order_id=order, until=now)

    def go(number: int) -> object:
        with open_session() as mine:
            if number % 3 == 2:
                do(mine, expiry.expire_holds, actor=T, now=now, most=2)
                return None
            return len(do(mine, moves.commit, shop.store_id, order_id=number % 4 + 1))

    with ThreadPoolExecutor(8) as pool:
        found = Counter(pool.map(go, range(24)))
    assert found.keys() <= {0, 2, None}
    assert level(session, shop)[2] == found[2] and agrees(session)
