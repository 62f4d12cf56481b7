"""Every kind of rule read exactly (3.6.1), and every threshold of money at a fen below, at it and above."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trade.pricing.baskets import HERE, NOW_MS
from trade.pricing.engine import Priced, price
from trade.pricing.rules import Kind, Left, Rule, RuleBook, Scope
from trade.pricing.segments import Good

ALWAYS: dict[str, Any] = {"from_ms": 0, "until_ms": NOW_MS * 2}


def rule(kind: Kind, number: int = 1, **terms: Any) -> Rule:
    return Rule(number, 1, kind, f"{kind} {number}", **ALWAYS | terms)


def goods(*rows: tuple[int, int]) -> list[Good]:
    """(unit price, quantity) a line; sku and category are the line's number."""
    return [Good(at, at, at, qty, False, ((1, fen),)) for at, (fen, qty) in enumerate(rows, start=1)]


def priced(basket: list[Good], *rules: Rule, **more: Any) -> Priced:
    return price(basket, RuleBook(1, rules, more.pop("mode", "best"), more.pop("both", "best")), HERE, **more)


THRESHOLDS: list[tuple[Kind, dict[str, Any], tuple[int, int, int]]] = [
    (Kind.AMOUNT_OFF, {"steps": ((10000, 1000),)}, (0, 1000, 1000)),
    (Kind.AMOUNT_OFF, {"steps": ((5000, 300), (10000, 1000))}, (300, 1000, 1000)),
    (Kind.AMOUNT_OFF, {"steps": ((5000, 300),), "every": True}, (300, 600, 600)),
    (Kind.AMOUNT_OFF, {"steps": ((2500, 300),), "every": True, "cap_fen": 1000}, (900, 1000, 1000)),
    (Kind.AMOUNT_OFF, {"steps": ((10000, 20000),)}, (0, 10000, 10001)),
    (Kind.AMOUNT_RATE, {"steps": ((10000, 9000),)}, (0, 1000, 1000)),
    (Kind.AMOUNT_RATE, {"steps": ((5000, 9500), (10000, 9000)), "cap_fen": 800}, (500, 800, 800)),
]


@pytest.mark.parametrize("measured", ["before", "after"])
@pytest.mark.parametrize(("kind", "terms", "off"), THRESHOLDS)
def test_a_threshold_counts_at_itself_and_not_a_fen_below(kind, terms, off, measured):
    found = [
        10000 + more - priced(goods((10000 + more, 1)), rule(kind, measured=measured, **terms)).payable_fen
        for more in (-1, 0, 1)
    ]
    assert tuple(found) == off


@pytest.mark.parametrize(("fen", "gifts", "freight"), [(9999, 0, 600), (10000, 1, 0), (10001, 1, 0)])
def test_gifts_and_free_shipping_at_their_threshold(fen, gifts, freight):
    rules = rule(Kind.GIFT, steps=((10000, 0),), gifts=((9, 1),)), rule(Kind.FREE_SHIPPING, 2, steps=((10000, 0),))
    found = priced(goods((fen, 1)), *rules, freight_fen=600)
    assert (len(found.gifts), found.freight_fen, found.payable_fen) == (gifts, freight, fen + freight)


@pytest.mark.parametrize(("fen", "off"), [(4999, 0), (5000, 890), (5001, 890)])
def test_add_on_counts_what_is_beside_it(fen, off):
    add_on = rule(Kind.ADD_ON, steps=((5000, 0),), prices={2: 100}, most_per_order=1)
    found = priced(goods((fen, 1), (990, 2)), add_on)
    assert fen + 1980 - found.payable_fen == off


def test_an_add_on_that_is_reached_says_what_may_be_added():
    add_on = rule(Kind.ADD_ON, steps=((5000, 0),), prices={8: 300, 9: 100})
    found = priced(goods((5000, 1)), add_on)
    assert [(row["code"], row["by_fen"], row["sku_ids"]) for row in found.why_not] == [("add_on", 100, [8, 9])]


def test_the_second_at_half_price_pairs_neighbours_and_the_odd_unit_pays_in_full():
    half = rule(Kind.NTH_RATE, steps=((2, 5000),), on="nth", across=True)
    assert priced(goods((3000, 1), (2000, 1), (1000, 1)), half).nets_fen == (2400, 1600, 1000)
    alone = rule(Kind.NTH_RATE, steps=((2, 5000),), on="nth")
    assert priced(goods((3000, 1), (2000, 3)), alone).nets_fen == (3000, 5000)


def test_three_at_a_rate_lowers_all_of_them():
    found = priced(goods((1000, 4)), rule(Kind.NTH_RATE, steps=((2, 9000), (3, 8000))))
    assert (found.nets_fen, found.steps[0].units) == ((3200,), 4)


def test_more_may_be_got_than_bought():
    """Complaint 4.10: Y may exceed X; the cheapest of each group are free, shared over the group."""
    found = priced(goods((1000, 1), (400, 1), (300, 1)), rule(Kind.BUY_GET, buy=1, get=2, across=True))
    assert (found.payable_fen, found.nets_fen) == (1000, (588, 235, 177))


def test_units_of_a_bundle_feed_nothing_else():
    bundle = rule(Kind.BUNDLE, parts=((1, 1), (2, 1)), price_fen=2000)
    half = rule(Kind.NTH_RATE, 2, steps=((2, 5000),), on="nth", scope=Scope(frozenset({1})))
    both = priced(goods((1500, 3), (1000, 1)), bundle, half)
    assert both.payable_fen == 2000 + 1500 + 750
    assert [step.units for step in both.steps] == [2, 2]


def test_member_price_and_flash_price_compete_as_the_book_says():
    member, flash = rule(Kind.MEMBER_PRICE, rate_bp=8000, members_only=True), rule(Kind.FLASH, 2, rate_bp=9000)
    assert priced(goods((1000, 1)), member, flash).payable_fen == 800
    assert priced(goods((1000, 1)), member, flash, both="first").payable_fen == 900


def test_a_seckill_price_keeps_everything_later_away_but_shipping():
    seckill = rule(Kind.SECKILL, prices={1: 5000}, most_per_order=1)
    off, shipping = rule(Kind.AMOUNT_OFF, 2, steps=((5000, 1000),)), rule(Kind.FREE_SHIPPING, 3, steps=((5000, 0),))
    found = priced(goods((9000, 1), (6000, 1)), seckill, off, shipping, freight_fen=600)
    assert (found.nets_fen, found.freight_fen, found.points_fen) == ((5000, 5000), 0, (0, 5000))


def test_limited_units_go_where_they_save_most_and_the_rest_pays_list():
    flash = rule(Kind.FLASH, rate_bp=5000)
    found = priced(goods((1000, 2), (3000, 2)), flash, left={1: Left(3)})
    assert found.nets_fen == (1500, 3000)


def test_of_a_group_one_rule_only():
    rules = [rule(Kind.AMOUNT_OFF, n, steps=((1000, 100 * n),), group="g", scope=Scope(frozenset({n}))) for n in (1, 2)]
    found = priced(goods((1000, 1), (1000, 1)), *rules)
    assert found.payable_fen == 1800


@pytest.mark.parametrize(("qty", "unit_fen"), [(2, 1000), (3, 900), (10, 800)])
def test_the_price_books_steps_count_the_skus_units_in_the_whole_basket(qty, unit_fen):
    steps = ((1, 1000), (3, 900), (10, 800))
    split = [Good(1, 7, 1, 1, False, steps), Good(2, 7, 1, qty - 1, False, steps)]
    assert priced(split).units_fen == (unit_fen, unit_fen)


def test_weighed_goods_round_half_up_once():
    apple = Good(1, 1, 1, 530, True, ((1, 1599),))
    assert (priced([apple]).payable_fen, priced([apple], rule(Kind.MEMBER_PRICE, rate_bp=9500)).payable_fen) == (
        847,
        805,
    )
