"""Promotions on real orders: what they take off is stored, counted, and never priced again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.books.registry import BOOKS, prove
from trade.orders import place
from trade.orders.place import Basket
from trade.pricing.quote import PriceChanged


def _price(session, shop, now, **goods: int):
    with transaction(session):
        return place.price(session, Basket(shop.store_id, make.wants(shop, **goods)), now=now, explain=True)


def _agree(session) -> None:
    with transaction(session):
        assert [row for one in prove(session, list(BOOKS)) for row in one.rows] == []


def test_two_activities_on_disjoint_goods_both_apply(session, shop, now):
    """A peer applies only the first that matches (members-mall-orders.md 3.A, reward calculator)."""
    for goods, off_fen in (("milk", 200), ("bread", 100)):
        scope = {"include": {"skus": [shop.skus[goods]]}}
        make.a_promotion(session, now, steps=[[500, off_fen]], scope=scope, name=f"{goods}满减")
    priced = _price(session, shop, now, milk=1, bread=1)
    assert (priced.promotion_fen, [line.net_fen for line in priced.lines]) == (300, [790, 550])
    make.ring_up(session, shop, now, milk=1, bread=1)
    _agree(session)


def test_99_99_does_not_reach_a_threshold_of_100(session, shop, now):
    """A peer compares whole yuan, so that 99.50 passes 满100 (3.A, OmsPromotionServiceImpl)."""
    for threshold_fen, off_fen in ((990, 100), (991, 0)):
        rule = make.a_promotion(session, now, steps=[[threshold_fen, 100]], name=f"满{threshold_fen}")
        assert _price(session, shop, now, milk=1).promotion_fen == off_fen, threshold_fen
        make.end_promotion(session, rule, now)


def test_the_trace_is_kept_and_a_placed_order_is_never_priced_again(session, shop, now):
    rule = make.a_promotion(session, now, steps=[[1000, 300], [3000, 1000]])
    order = make.ring_up(session, shop, now, milk=2)
    make.end_promotion(session, rule, now)
    kept = session.execute(text("SELECT trace, why_not FROM order_trace WHERE order_id = :id"), {"id": order}).one()
    assert [(step["source"], step["delta_fen"]) for step in kept.trace] == [("list", 1980), ("promotion", -300)]
    assert (kept.why_not[0]["code"], kept.why_not[0]["short_fen"]) == ("next", 1020)
    paid = session.execute(text("SELECT payable_fen FROM sale_order")).scalar()
    assert (paid, make.give_back(session, shop, order, {1: 2}, now)) and paid == 1680
    _agree(session)


def test_what_became_dearer_stops_and_what_became_cheaper_is_charged_cheaper(session, shop, now):
    rule = make.a_promotion(session, now, steps=[[1000, 300]])
    shown = _price(session, shop, now, milk=2).payable_fen
    make.end_promotion(session, rule, now)
    basket = Basket(shop.store_id, make.wants(shop, milk=2))
    given = {"received_fen": 2000, "actor": "t", "now": now}
    with pytest.raises(PriceChanged) as refused, transaction(session):
        place.at_till(session, basket, shop.sale(), expected_payable_fen=shown, **given)
    assert refused.value.facts["payable_fen"] == 1980
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar() == 0
    with transaction(session):
        place.at_till(session, basket, shop.sale(), expected_payable_fen=2000, **given)
    assert session.execute(text("SELECT payable_fen FROM sale_order")).scalar() == 1980
    _agree(session)


def test_a_gift_that_is_not_there_is_told_and_left_out(session, shop, now):
    gift = {"kind": "gift", "steps": [[100, 0]], "gifts": [[shop.skus["bread"], 100]]}
    make.a_promotion(session, now, **gift)
    with transaction(session):
        session.execute(text("UPDATE stock_level SET on_hand = 99 WHERE sku_id = :sku"), {"sku": shop.skus["bread"]})
    priced = _price(session, shop, now, milk=1)
    assert [line.gift for line in priced.lines] == [False]
    assert [row["code"] for row in priced.why_not] == ["gift_out_of_stock"]


def test_the_shopper_may_say_no_to_a_promotion(session, shop, now):
    rule = make.a_promotion(session, now, steps=[[1000, 300]])
    basket = Basket(shop.store_id, make.wants(shop, milk=2))
    with transaction(session):
        without = place.price(session, replace(basket, barred=[rule]), now=now)
    assert (without.payable_fen, without.why_not[0]["code"]) == (1980, "barred")
