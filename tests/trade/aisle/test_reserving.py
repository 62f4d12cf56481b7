from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from config.db import open_session, transaction
from tests import factories as make
from trade.orders.aisle import reserving, selling
from trade.stock import expiry
from trade.stock import moves as stock
from trade.stock.moves import OutOfStock


def _goods(aisle, **units):
    return {aisle.other.store_id: {aisle.shop.skus[name]: qty for name, qty in units.items()}}


def _reserve(aisle, **units):
    return aisle.do(reserving.reserve, aisle.shop.store_id, aisle.shop.till_id, _goods(aisle, **units))


def test_adding_keeps_nothing_and_paying_keeps_it_for_ten_minutes(aisle):
    kept = _reserve(aisle, bread=5)
    assert kept.until_at == aisle.now + timedelta(minutes=10)
    assert aisle.level(aisle.other, "bread") == (5, 5, 0)
    aisle.agree()
    with pytest.raises(OutOfStock):
        make.ring_up(aisle.session, aisle.other, aisle.now, bread=1)


def test_the_sale_takes_over_what_was_kept_whatever_its_lines_are_by_then(aisle):
    _reserve(aisle, bread=5)
    order = aisle.ring_up(aisle.basket(here={}, there={"bread": 4, "milk": 1}))
    assert (aisle.level(aisle.other, "bread"), aisle.level(aisle.other, "milk")) == ((5, 0, 4), (5, 0, 1))
    assert aisle.count("SELECT outcome FROM till_reservation") == "sold"
    assert order
    aisle.agree()


def test_paying_again_keeps_the_new_instead_of_the_old_and_a_refusal_leaves_the_old(aisle):
    _reserve(aisle, bread=5)
    _reserve(aisle, bread=2, milk=1)
    assert (aisle.level(aisle.other, "bread"), aisle.level(aisle.other, "milk")) == ((5, 2, 0), (5, 1, 0))
    with pytest.raises(OutOfStock):
        _reserve(aisle, bread=6)
    assert (aisle.level(aisle.other, "bread"), aisle.level(aisle.other, "milk")) == ((5, 2, 0), (5, 1, 0))
    assert aisle.do(reserving.release, aisle.shop.store_id, aisle.shop.till_id)
    assert not aisle.do(reserving.release, aisle.shop.store_id, aisle.shop.till_id)
    assert aisle.level(aisle.other, "bread") == (5, 0, 0)
    aisle.agree()


def test_after_ten_minutes_it_is_free_and_a_late_sale_is_held_against_what_is_there(aisle):
    _reserve(aisle, bread=5)
    aisle.now += timedelta(minutes=10)
    aisle.do(expiry.expire_holds, most=10)
    assert aisle.level(aisle.other, "bread") == (5, 0, 0)
    aisle.agree()
    make.ring_up(aisle.session, aisle.other, aisle.now, bread=1)
    with pytest.raises(OutOfStock):
        aisle.ring_up(aisle.basket(here={"milk": 1}, there={"bread": 5}))
    assert aisle.level(aisle.shop, "milk") == (5, 0, 0)
    aisle.ring_up(aisle.basket(here={"milk": 1}, there={"bread": 4}))
    assert aisle.count("SELECT outcome FROM till_reservation") == "lapsed"
    aisle.agree()


def test_two_tills_of_different_stores_want_the_last_five(aisle):
    """Twenty at once, from two tills: never more than five are kept, nobody waits for ever, and the books agree."""
    shops = [aisle.shop, make.open_shop(aisle.session, code="S3", stock_of={"milk": 5}, now=aisle.now)]

    def ask(number: int) -> str:
        shop = shops[number % 2]
        units = {"bread": 3, "milk": 2} if number % 3 else {"milk": 3, "bread": 1}
        try:
            with open_session() as session, transaction(session):
                reserving.reserve(
                    session, shop.store_id, shop.till_id, _goods(aisle, **units), actor="t", now=aisle.now
                )
        except OutOfStock:
            return "refused"
        return "kept"

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(ask, range(20)))
    assert outcomes <= {"kept", "refused"} and "kept" in outcomes
    assert aisle.level(aisle.other, "bread")[1] <= 5 and aisle.level(aisle.other, "milk")[1] <= 5
    assert aisle.count("SELECT count(*) FROM till_reservation WHERE ended_at IS NULL") <= 2
    aisle.agree()


def test_the_last_one_is_wanted_by_a_till_and_by_the_shop_itself(aisle):
    """Complaint 4.28: of ten who want the five at once exactly so many get them, and nobody pays in vain."""
    basket = aisle.basket(here={}, there={"bread": 1})

    def buy(number: int) -> str:
        try:
            with open_session() as session, transaction(session):
                if number % 2:
                    given = {"received_fen": 650, "expected_payable_fen": 650, "actor": "t", "now": aisle.now}
                    how = selling.Elsewhere("pickup")
                    selling.at_till(session, basket, aisle.shop.sale(), how, **given)
                else:
                    reserved = _goods(aisle, bread=1)[aisle.other.store_id]
                    stock.sell(
                        session, aisle.other.store_id, reserved, key=f"order:9{number}:sell", actor="t", now=aisle.now
                    )
        except OutOfStock:
            return "refused"
        return "had it"

    with ThreadPoolExecutor(10) as pool:
        outcomes = sorted(pool.map(buy, range(10)))
    assert outcomes == ["had it"] * 5 + ["refused"] * 5
    on_hand, held, paid = aisle.level(aisle.other, "bread")
    sold = aisle.count("SELECT count(*) FROM sale_order WHERE store_id = :s", s=aisle.shop.store_id)
    assert (on_hand - paid, held, paid) == (0, 0, sold)
    assert aisle.count("SELECT count(*) FROM tender WHERE state = 'paid'") == sold
