"""Counting while the shop sells: what moved between the opening and a scan is never taken for a loss."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.errors import NotFound, Refused, WrongState
from tests.trade.stock.words import agrees, do, everything, level
from trade.stock import count_due, counts, facts, moves, quarantine
from trade.stock.counts import NotAllCounted, NotInCount, RecountNeeded
from trade.stock.facts import Broken
from trade.stock.papers import read

T = "t"
WHO = {"actor": T}


@pytest.fixture
def at(now):
    """`at(10)` is ten minutes after nine."""
    return lambda minutes: now + timedelta(minutes=minutes)


@pytest.fixture
def ten(session, shop, at):
    """10 milk and 4 bread at nine."""
    do(session, moves.take_in, shop.store_id, {shop.skus["milk"]: 5}, key="more", actor=T, now=at(-60))
    return shop


def opened(session, shop, at, *names, **more):
    skus = [shop.skus[name] for name in names or ("milk",)]
    return do(session, counts.open_count, shop.store_id, skus, actor=T, now=at(0), **more)


def scan(session, shop, count, *said):
    """`said` is (name, units on the shelf, when)."""
    do(session, counts.scan, shop.store_id, count, [(shop.skus[name], qty, when) for name, qty, when in said], **WHO)


def post(session, shop, count, when, **more):
    return do(session, counts.post, shop.store_id, count, actor=T, now=when, **more)


def result(session, count):
    session.rollback()
    row = text("SELECT snapshot, counted, expected, variance FROM stock_count_line WHERE count_id = :c ORDER BY sku_id")
    return [tuple(one) for one in session.execute(row, {"c": count})]


def test_the_worked_table(session, ten, at):
    milk, store = ten.skus["milk"], ten.store_id
    do(session, moves.hold, store, {milk: 2}, order_id=1)
    do(session, moves.commit, None, order_id=1)
    do(session, moves.pick, store, {milk: 2}, order_id=1)
    count = opened(session, ten, at)
    do(session, moves.sell, store, {milk: 1}, key="a", actor=T, now=at(5))
    scan(session, ten, count, ("milk", 6, at(10)))
    do(session, moves.sell, store, {milk: 1}, key="b", actor=T, now=at(20))
    do(session, facts.take_as_fact, store, {milk: 1}, key="c", actor=T, now=at(30), at=at(2))
    assert level(session, ten)[0] == 7
    assert post(session, ten, count, at(40)) == []
    assert result(session, count) == [(10, 8, 8, 0)]
    assert level(session, ten) == (7, 0, 0, 2, 5, 5) and agrees(session)


def test_what_lacks_and_what_is_too_much_is_put_right_once(session, ten, at):
    count = opened(session, ten, at, "milk", "bread")
    scan(session, ten, count, ("milk", 3, at(1)), ("bread", 3, at(1)))
    scan(session, ten, count, ("milk", 5, at(2)), ("bread", 2, at(2)))
    assert post(session, ten, count, at(3)) == []
    assert result(session, count) == [(10, 8, 10, -2), (4, 5, 4, 1)]
    assert (level(session, ten)[0], level(session, ten, "bread")[0]) == (8, 5)
    before = everything(session)
    with pytest.raises(WrongState):
        post(session, ten, count, at(4))
    with pytest.raises(WrongState):
        scan(session, ten, count, ("milk", 1, at(4)))
    assert everything(session) == before and agrees(session)


def test_goods_set_apart_are_not_missing(session, ten, at):
    by = {"key": "q", "reason": "r", "actor": T, "now": at(-5)}
    do(session, quarantine.quarantine, ten.store_id, {ten.skus["milk"]: 3}, **by)
    count = opened(session, ten, at)
    line = read.count(session, ten.store_id, count)["lines"][0]
    assert (line["set_apart"], line["in_totes"]) == (3, 0)
    scan(session, ten, count, ("milk", 7, at(1)))
    post(session, ten, count, at(2))
    assert result(session, count) == [(10, 10, 10, 0)]


def test_whoever_counts_is_not_told_what_is_expected(session, ten, at):
    count = opened(session, ten, at)
    scan(session, ten, count, ("milk", 9, at(1)))
    shown = read.count(session, ten.store_id, count)
    hidden = {"snapshot", "expected", "counted", "variance"}
    assert hidden.isdisjoint(shown["lines"][0]) and "variance" not in shown
    assert shown["lines"][0]["on_shelf"] == 9 and (shown["skus"], shown["scanned"]) == (1, 1)
    found = counts.reveal(counts.variances(session, ten.store_id, count, recount_above=3))
    assert found[0]["variance"] == -1
    post(session, ten, count, at(2))
    assert read.count(session, ten.store_id, count)["lines"][0]["variance"] == -1
    assert [row["variance"] for row in read.counts(session, ten.store_id)] == [-1]


def test_a_large_variance_is_counted_twice_before_it_is_believed(session, ten, at):
    milk = ten.skus["milk"]
    count = opened(session, ten, at, recount_above=3)
    scan(session, ten, count, ("milk", 5, at(1)))
    before = everything(session)
    with pytest.raises(RecountNeeded) as refused:
        post(session, ten, count, at(2))
    assert refused.value.facts == {"sku_ids": [milk]}
    assert everything(session) == before
    assert do(session, counts.count_again, ten.store_id, count, [milk]) == [milk]
    assert do(session, counts.count_again, ten.store_id, count, [milk]) == []
    with pytest.raises(NotAllCounted):
        post(session, ten, count, at(3))
    scan(session, ten, count, ("milk", 4, at(4)))
    post(session, ten, count, at(5))
    assert result(session, count) == [(10, 4, 10, -6)]
    with pytest.raises(WrongState):
        do(session, counts.count_again, ten.store_id, count, [milk])


def test_what_moved_or_was_picked_between_two_scans_is_counted_again(session, ten, at):
    milk, bread, store = ten.skus["milk"], ten.skus["bread"], ten.store_id
    do(session, moves.hold, store, {bread: 1}, order_id=1)
    do(session, moves.commit, None, order_id=1)
    count = opened(session, ten, at, "milk", "bread")
    scan(session, ten, count, ("milk", 6, at(1)), ("bread", 2, at(1)))
    do(session, moves.sell, store, {milk: 1}, key="a", actor=T, now=at(2))
    do(session, moves.pick, store, {bread: 1}, order_id=1)
    scan(session, ten, count, ("milk", 4, at(3)), ("bread", 2, at(3)))
    with pytest.raises(RecountNeeded) as refused:
        post(session, ten, count, at(4))
    assert refused.value.facts == {"sku_ids": [milk, bread]}
    do(session, counts.count_again, store, count, [milk, bread])
    scan(session, ten, count, ("milk", 9, at(5)), ("bread", 3, at(5)))
    post(session, ten, count, at(6))
    assert [row[3] for row in result(session, count)] == [0, 0] and agrees(session)


def test_what_nobody_scanned_is_asked_for_or_left_out(session, ten, at):
    count = opened(session, ten, at, "milk", "bread")
    scan(session, ten, count, ("milk", 10, at(1)))
    with pytest.raises(NotAllCounted) as refused:
        post(session, ten, count, at(2))
    assert refused.value.facts == {"sku_ids": [ten.skus["bread"]]}
    post(session, ten, count, at(2), leave_uncounted=True)
    assert level(session, ten, "bread")[0] == 4
    assert result(session, count) == [(10, 10, 10, 0), (4, None, None, None)]


def test_a_count_ends_a_doubt_and_breaks_what_is_not_there(session, ten, at):
    """Ten milk are promised, four are there: the newest promises break, by name."""
    milk, store = ten.skus["milk"], ten.store_id
    for order in (1, 2):
        do(session, moves.hold, store, {milk: 5}, order_id=order)
    do(session, count_due.raise_due, store, [milk], reason="not_found", actor=T, now=at(-1))
    assert counts.choose(session, store, due=True) == [milk]
    count = opened(session, ten, at, recount_above=100)
    scan(session, ten, count, ("milk", 4, at(1)))
    found = post(session, ten, count, at(2))
    assert found == [Broken(2, milk, "held", 5), Broken(1, milk, "held", 1)]
    assert count_due.due(session, store) == [] and level(session, ten) == (4, 4, 0, 0, 0, 0)
    assert agrees(session)


@pytest.mark.parametrize("first", [0, 1])
def test_two_counts_of_one_sku_correct_it_once(session, ten, at, first):
    """Both found 8 of 10, at 1 and at 2; whichever is posted first."""
    both = [opened(session, ten, at), opened(session, ten, at)]
    for minute, count in enumerate(both, 1):
        scan(session, ten, count, ("milk", 8, at(minute)))
    post(session, ten, both[first], at(5))
    post(session, ten, both[1 - first], at(6))
    assert level(session, ten)[0] == 8 and agrees(session)


def test_an_older_scan_says_nothing_against_a_later_count(session, ten, at):
    old, new = opened(session, ten, at), opened(session, ten, at)
    scan(session, ten, old, ("milk", 10, at(1)))
    scan(session, ten, new, ("milk", 8, at(9)))
    post(session, ten, new, at(10))
    post(session, ten, old, at(11))
    assert level(session, ten)[0] == 8
    superseded = session.execute(text("SELECT superseded FROM stock_count_line WHERE count_id = :c"), {"c": old})
    assert superseded.scalar_one() is True


def test_what_cannot_be_counted(session, ten, at):
    with pytest.raises(NotFound):
        do(session, counts.open_count, 999, [1], actor=T, now=at(0))
    with pytest.raises(NotFound):
        do(session, counts.open_count, ten.store_id, [999], actor=T, now=at(0))
    count = opened(session, ten, at)
    before = everything(session)
    with pytest.raises(NotInCount):
        scan(session, ten, count, ("milk", 1, at(1)), ("bread", 1, at(1)))
    with pytest.raises(NotFound):
        scan(session, ten, 999, ("milk", 1, at(1)))
    with pytest.raises(NotFound):
        do(session, counts.count_again, ten.store_id, 999, [1])
    assert everything(session) == before
    assert session.execute(text("SELECT count(*) FROM stock_count_scan")).scalar_one() == 0
    assert counts.choose(session, ten.store_id, shelf="A-") == [ten.skus[name] for name in ("milk", "bread", "apple")]
    assert counts.choose(session, ten.store_id, shelf="B-") == []


def test_counting_while_forty_are_sold_finds_exactly_what_lacks(open_session, session, ten, at):
    """Two of the milk are gone; tills, the mall and three posters work at once, and the variance is 2, posted once."""
    milk, store = ten.skus["milk"], ten.store_id
    do(session, moves.take_in, store, {milk: 100}, key="lots", actor=T, now=at(-1))
    count = opened(session, ten, at)
    scan(session, ten, count, ("milk", 108, at(1)))

    def go(number: int) -> str:
        with open_session() as mine:
            try:
                if number % 10 == 5:
                    post(mine, ten, count, at(30))
                    return "posted"
                if number % 2:
                    do(mine, moves.sell, store, {milk: 1}, key=f"s{number}", actor=T, now=at(2))
                else:
                    do(mine, moves.hold, store, {milk: 1}, order_id=number + 1)
            except Refused as refused:
                return refused.code
        return "sold"

    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(go, range(40)))
    assert outcomes == {"posted": 1, "wrong_state": 3, "sold": 36}
    assert result(session, count)[0][3] == -2
    assert level(session, ten)[0] == 110 - 16 - 2 and agrees(session)
