from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests import factories as make
from tests.trade.fulfilment import chain
from trade.fulfilment import pickup
from trade.orders import desk, fulfil, owed_cash, pay, place, read
from trade.orders import proof_goods as order_goods
from trade.orders.aisle import selling
from trade.orders.returns import preview
from trade.payments.cash import TenderShort
from trade.stock import facts
from trade.stock.moves import OutOfStock
from trade.stock.rejects import Reason

MIXED = {"here": {"milk": 1}, "there": {"bread": 2}}


def _there(aisle, order):
    """The parcel that the other shop does."""
    return next(one for one in chain.of(aisle.session, order) if one.at_store_id == aisle.other.store_id)


def _make_ready(aisle, order):
    parcel = _there(aisle, order)
    aisle.do(fulfil.accept, parcel)
    aisle.do(fulfil.pick, _there(aisle, order), 2, 2)
    aisle.do(fulfil.ready, _there(aisle, order))


def test_one_visit_one_order_carried_out_here_and_fetched_there(aisle):
    """3.14: the sale is this store's, the stock that of whoever hands over, and the receipt's code opens it there."""
    order = aisle.ring_up(aisle.basket(**MIXED, member_id=aisle.member))
    assert aisle.level(aisle.shop, "milk") == (4, 0, 0)
    assert aisle.level(aisle.other, "bread") == (5, 0, 2)
    here, there = (aisle.shop.store_id, "pickup", "delivered"), (aisle.other.store_id, "pickup", "assigned")
    assert aisle.parcels(order) == [here, there]
    receipt = read.receipt(aisle.session, aisle.shop.store_id, order)
    (away,) = receipt["elsewhere"]
    assert (receipt["payable_fen"], away["store_name"], away["lines"]) == (2290, "通店S2", [{"line_no": 2, "qty": 2}])
    aisle.agree()
    assert desk.done(aisle.session, aisle.shop.store_id, since=aisle.now) == []
    _make_ready(aisle, order)
    mine = read.one_of_member(aisle.session, aisle.member, order)
    assert [one["store_name"] for one in mine["parcels"]] == ["通店S1", "通店S2"]
    assert (mine["state"], mine["pickup_code"]) == ("ready", away["pickup_code"])
    found = pickup.find(aisle.session, aisle.other.store_id, away["pickup_code"])
    aisle.do(fulfil.collect, found, staff_id=1)
    assert aisle.head(order).state == "done"
    assert aisle.level(aisle.other, "bread") == (3, 0, 0)
    assert aisle.points.available == 1_000 + 22
    aisle.follow()
    parts = aisle.session.execute(
        text("SELECT party_store_id, sum(amount_fen)::bigint FROM credit_entry GROUP BY 1 ORDER BY 1")
    ).all()
    assert sum(fen for _, fen in parts) == 2290
    assert {store for store, _ in parts} == {aisle.shop.store_id, aisle.other.store_id}
    aisle.agree()


def test_the_last_one_went_meanwhile_and_no_money_is_taken(aisle):
    """Complaint 4.28: what is there is looked at once, before anybody pays; the refusal moves nothing."""
    basket = aisle.basket(here={"milk": 1}, there={"bread": 5})
    make.ring_up(aisle.session, aisle.other, aisle.now, bread=1)
    before = (aisle.level(aisle.shop, "milk"), aisle.level(aisle.other, "bread"))
    with pytest.raises(OutOfStock) as refused:
        aisle.ring_up(basket)
    assert refused.value.facts["store_id"] == aisle.other.store_id
    assert (aisle.level(aisle.shop, "milk"), aisle.level(aisle.other, "bread")) == before
    assert aisle.count("SELECT count(*) FROM sale_order WHERE store_id = :s", s=aisle.shop.store_id) == 0
    assert aisle.count("SELECT count(*) FROM tender WHERE store_id = :s", s=aisle.shop.store_id) == 0
    aisle.agree()


@pytest.mark.parametrize("lacks", ["cash", "weighed", "address", "paused", "not_sold", "exchange"])
def test_what_cannot_be_sold_from_there_moves_nothing(aisle, lacks):
    there = {"apple": 500} if lacks == "weighed" else {"bread": 1}
    basket, how = aisle.basket(here={"milk": 1}, there=there), selling.Elsewhere("pickup")
    if lacks == "address":
        how = selling.Elsewhere("ship")
    if lacks == "paused":
        chain.do(aisle.session, "UPDATE store SET paused_until = :at", at=aisle.now + timedelta(hours=1))
    if lacks == "not_sold":
        chain.do(aisle.session, "UPDATE store_sku SET sellable = false WHERE store_id = :s", s=aisle.other.store_id)
    given = {"received_fen": 100 if lacks == "cash" else 9_900, "expected_payable_fen": 9_000}
    step = (place.at_till, basket, aisle.shop.sale()) if lacks == "exchange" else None  # as one rings up its new goods
    with pytest.raises(TenderShort if lacks == "cash" else place.NotElsewhere):
        aisle.do(*step or (selling.at_till, basket, aisle.shop.sale(), how), **given)
    assert aisle.count("SELECT count(*) FROM sale_order") == 0
    assert aisle.count("SELECT coalesce(sum(held + committed), 0)::bigint FROM stock_level") == 0
    assert aisle.level(aisle.shop, "milk") == (5, 0, 0)


def test_stored_value_points_and_cash_pay_for_both_stores(aisle):
    aisle.top_up(1_000, bonus_fen=100)
    basket = aisle.basket(**MIXED, member_id=aisle.member, points=200, wallet_fen=1_100)
    order = aisle.ring_up(basket)
    tenders = read.receipt(aisle.session, aisle.shop.store_id, order)["tenders"]
    assert [(one["kind"], one["amount_fen"]) for one in tenders] == [
        ("cash", 990), ("wallet", 1_100),
    ]  # fmt: skip
    _make_ready(aisle, order)
    aisle.collect_ready(order)
    aisle.agree()


@pytest.mark.parametrize("mode", ["delivery", "ship"])
def test_it_is_brought_or_sent_by_the_store_that_was_chosen(aisle, mode):
    """Though this store has it too: who chose is asked first, and the address lies sealed with the order."""
    order = aisle.ring_up(aisle.basket(here={}, there={"milk": 2}), selling.Elsewhere(mode, chain.HOME))
    assert aisle.parcels(order) == [(aisle.other.store_id, mode, "assigned")]
    (away,) = read.receipt(aisle.session, aisle.shop.store_id, order)["elsewhere"]
    assert (away["mode"], away["pickup_code"]) == (mode, None)
    assert aisle.count("SELECT phone_masked FROM order_address WHERE order_id = :o", o=order) == "138****2046"
    aisle.agree()


def test_early_the_code_opens_nothing_and_counts_as_no_wrong_try(aisle):
    order = aisle.ring_up(aisle.basket(**MIXED))
    (away,) = read.receipt(aisle.session, aisle.shop.store_id, order)["elsewhere"]
    with pytest.raises(pickup.PickupNotReady):
        pickup.find(aisle.session, aisle.other.store_id, away["pickup_code"])
    assert _there(aisle, order).state == "assigned"


def test_what_the_other_store_does_not_find_is_owed_in_cash_and_paid_out_once(aisle):
    """A machine has no drawer: the money waits for the customer, and the shift that gives it out counts it."""
    order = aisle.ring_up(aisle.basket(**MIXED))
    aisle.do(fulfil.accept, _there(aisle, order))
    aisle.do(fulfil.short, _there(aisle, order), 2, 2, Reason.NOT_FOUND)
    assert aisle.head(order).state == "done"
    (owed,) = owed_cash.of_order(aisle.session, aisle.shop.store_id, order)
    assert owed["amount_fen"] == 1_300
    aisle.agree()
    given = (aisle.shop.store_id, owed["id"], aisle.shop.shift_id)
    assert aisle.do(owed_cash.pay_out, *given) == 1_300
    assert aisle.do(owed_cash.pay_out, *given) is None
    cash = "SELECT sum(amount_fen)::bigint FROM refund WHERE shift_id = :shift AND state = 'done'"
    assert aisle.count(cash, shift=aisle.shop.shift_id) == 1_300
    assert owed_cash.of_order(aisle.session, aisle.shop.store_id, order) == []
    aisle.agree()


def test_a_refusal_of_the_only_store_is_on_the_desk_where_nobody_knows_whom_to_ask(aisle):
    order = aisle.ring_up(aisle.basket(**MIXED))
    assert chain.refuse(aisle.session, _there(aisle, order), aisle.now) == "asking"
    assert aisle.count("SELECT count(*) FROM exception_case WHERE kind = 'unroutable' AND resolved_at IS NULL") == 1
    aisle.agree()


def test_goods_that_left_the_other_store_while_a_code_was_charged_are_looked_for_elsewhere(aisle):
    """4 of its 5 were sold without network: one of the two is not there, so neither is promised there any more."""
    basket = aisle.basket(**MIXED, member_id=aisle.member)
    given = {"cash_fen": 0, "code_hash": b"h" * 32, "expected_payable_fen": 2_290}
    order, tender_id = aisle.do(selling.by_code, basket, aisle.shop.sale(), selling.Elsewhere("pickup"), **given)
    goods = {aisle.shop.skus["bread"]: 4}
    broken = aisle.do(facts.take_as_fact, aisle.other.store_id, goods, key="order:99:sell")
    assert [(one.order_id, one.qty) for one in broken] == [(order, 1)]
    tender = aisle.session.execute(text("SELECT * FROM tender WHERE id = :id"), {"id": tender_id}).one()
    aisle.session.rollback()
    aisle.do(pay.receive, make.settled(tender))
    here, there = aisle.parcels(order)
    assert (here[2], there) == ("delivered", (None, "pickup", "asking"))
    assert aisle.level(aisle.other, "bread") == (1, 0, 0)
    assert [one for one in order_goods.differences(aisle.session) if one["order_id"] == order] == []


def test_carried_out_goods_come_back_while_the_rest_still_waits(aisle):
    order = aisle.ring_up(aisle.basket(**MIXED))
    assert preview(aisle.session, aisle.shop.store_id, order, {1: 1}).refund_fen == 990
    aisle.session.rollback()
    aisle.give_back(order, lines={1: 1})
    assert aisle.level(aisle.shop, "milk") == (5, 0, 0)
    _make_ready(aisle, order)
    aisle.collect_ready(order)
    aisle.agree()


def test_a_basket_without_other_stores_is_sold_as_ever(aisle):
    basket = place.Basket(aisle.shop.store_id, make.wants(aisle.shop, milk=1))
    given = {"received_fen": 990, "expected_payable_fen": 990}
    order = aisle.do(place.at_till, basket, aisle.shop.sale(), **given)
    receipt = read.receipt(aisle.session, aisle.shop.store_id, order)
    assert (aisle.head(order).mode, receipt["elsewhere"], aisle.parcels(order)) == ("counter", [], [])
