"""A quote is good for ten minutes: equal goes, cheaper is charged cheaper, dearer stops with the reason by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.orders import place, shown
from trade.orders.place import Basket
from trade.pricing.quote import PriceChanged
from trade.pricing.quoted import ByHand
from trade.stock import proof as stock_proof

MS = timedelta(milliseconds=1)


@pytest.fixture
def basket(shop):
    return Basket(shop.store_id, make.wants(shop, milk=2, bread=1))


def _show(session, basket, now):
    with transaction(session):
        return shown.as_json(basket, place.price(session, basket, now=now), now=now)


def _sell(session, shop, basket, quote, now, **more):
    given = {"received_fen": 100_00, "expected_payable_fen": quote["payable_fen"], "token": quote["token"], **more}
    with transaction(session):
        place.at_till(session, basket, shop.sale(), **given, actor="test", now=now)
    return session.scalars(text("SELECT payable_fen FROM sale_order ORDER BY id DESC LIMIT 1")).one()


def _nothing_moved(session):
    assert session.scalar(text("SELECT count(*) FROM sale_order")) == 0
    assert stock_proof.differences(session) == []


def test_within_ten_minutes_it_holds_and_at_ten_it_is_over(session, shop, now, basket):
    quote = _show(session, basket, now)
    assert quote["until_at"] == (now + shown.VALID).isoformat()
    for late in (timedelta(0), MS):
        with pytest.raises(shown.QuoteExpired) as refused:
            _sell(session, shop, basket, quote, now + shown.VALID + late)
        _nothing_moved(session)
    again = refused.value.facts["quote"]
    assert (again["payable_fen"], again["until_at"]) == (2_630, (now + 2 * shown.VALID + MS).isoformat())
    assert _sell(session, shop, basket, quote, now + shown.VALID - MS) == 2_630


def test_dearer_stops_with_what_went_and_why(session, shop, now, basket):
    scope = {"include": {"skus": [shop.skus["milk"]]}}
    rule = make.a_promotion(session, now, steps=[[1000, 300]], scope=scope, quotas={"total_units": 1}, name="牛奶满减")
    quote = _show(session, basket, now)
    make.ring_up(session, shop, now, milk=2)
    with pytest.raises(PriceChanged) as refused:
        _sell(session, shop, basket, quote, now)
    facts = refused.value.facts
    assert (facts["expected_fen"], facts["payable_fen"], facts["quote"]["payable_fen"]) == (2_330, 2_630, 2_630)
    (row,) = facts["differences"]
    assert (row["line_no"], row["name"], row["was_net_fen"], row["net_fen"], row["come"]) == (
        1, "商品milk", 1_680, 1_980, [],
    )  # fmt: skip
    (gone,) = row["gone"]
    assert (gone["source_id"], gone["name"], gone["off_fen"], gone["why_not"]["code"]) == (
        rule, "牛奶满减", 300, "quota_used",
    )  # fmt: skip
    assert session.scalar(text("SELECT count(*) FROM sale_order")) == 1
    assert _sell(session, shop, basket, facts["quote"], now) == 2_630


def test_a_gift_that_went_and_a_price_that_rose_are_lines_of_the_difference(session, shop, now, basket):
    gift = {"kind": "gift", "steps": [[100, 0]], "gifts": [[shop.skus["bread"], 1]], "name": "送面包"}
    rule = make.a_promotion(session, now, **gift)
    quote = _show(session, basket, now)
    assert [line["gift"] for line in quote["lines"]] == [False, False, True]
    make.end_promotion(session, rule, now)
    with transaction(session):
        session.execute(text("UPDATE price SET price_fen = 1000 WHERE sku_id = :milk"), {"milk": shop.skus["milk"]})
    with pytest.raises(PriceChanged) as refused:
        _sell(session, shop, basket, quote, now)
    milk, bread = refused.value.facts["differences"]
    assert (milk["was_unit_price_fen"], milk["unit_price_fen"], milk["gone"]) == (990, 1_000, [])
    assert (bread["gift"], bread["was_qty"], bread["qty"], bread["gone"][0]["name"]) == (True, 1, 0, "送面包")
    _nothing_moved(session)


def test_cheaper_is_charged_cheaper_even_where_stored_value_paid_it_all(session, shop, now, basket):
    member = make.a_member(session, now=now)
    make.top_up(session, shop, member, 5_000, now)
    basket = replace(basket, member_id=member)
    quote = _show(session, basket, now)
    make.a_promotion(session, now, steps=[[1000, 300]])
    spending = replace(basket, wallet_fen=quote["payable_fen"])
    assert _sell(session, shop, spending, quote, now, received_fen=0) == 2_330
    paid = session.execute(text("SELECT kind, amount_fen FROM tender WHERE order_id IS NOT NULL")).all()
    assert [tuple(one) for one in paid] == [("wallet", 2_330)]


@pytest.mark.parametrize(
    "other",
    [
        {"points": 100},
        {"discount_fen": 1},
        {"coupon_ids": [7]},
        {"barred": [7]},
        {"member_id": 1},
        {"wants": 1},
        {"hand": 1},
    ],
)
def test_a_quote_is_of_one_basket(session, shop, now, basket, other):
    member = make.a_member(session, points_of=500, now=now)
    quote = _show(session, replace(basket, member_id=member), now)
    if "wants" in other:
        other = {"wants": make.wants(shop, milk=1, bread=2)}
    if "hand" in other:
        milk, bread = basket.wants
        other = {"wants": [replace(milk, hand=ByHand("damaged", off_fen=1)), bread]}
    changed = replace(basket, **{"member_id": member, **other} if "member_id" not in other else {})
    at = replace(shop.sale(), authorised=True)
    with pytest.raises(shown.QuoteOfAnother) as refused, transaction(session):
        place.at_till(
            session, changed, at, received_fen=10_000, expected_payable_fen=10_000, token=quote["token"],
            actor="test", now=now,
        )  # fmt: skip
    assert refused.value.facts["quote"]["token"] != quote["token"]
    _nothing_moved(session)


def test_a_forged_token_is_refused(session, shop, now, basket):
    quote = _show(session, basket, now)
    said = URLSafeSerializer("x").loads_unsafe(quote["token"])[1]
    forged = URLSafeSerializer("no key of ours", salt="quote").dumps({**said, "payable_fen": 1})
    body, _, signature = quote["token"].rpartition(".")
    for token in (forged, f"{body[:-1]}{'B' if body[-1] == 'A' else 'A'}.{signature}", "nothing"):
        with pytest.raises(shown.QuoteForged):
            _sell(session, shop, basket, {**quote, "token": token}, now)
    _nothing_moved(session)
    assert said["payable_fen"] == 2_630


def test_a_token_of_200_lines_with_many_deductions_fits_its_field(session, shop, now):
    make.a_promotion(session, now, steps=[[1000, 300]])
    milk = make.wants(shop, milk=1)[0]
    quote = _show(session, Basket(shop.store_id, [milk] * 200), now)
    assert len(quote["token"]) < shown.MOST / 3
