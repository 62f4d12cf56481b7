"""Coupons in the engine: one of a class, the best of many, and why each other does nothing."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from member.coupons.states import Kind, StackClass
from member.coupons.worth import At, Held
from tests.trade.pricing.baskets import HERE, NOW
from trade.pricing.case import Wish
from trade.pricing.engine import Priced, Purse, price
from trade.pricing.rules import NO_RULES
from trade.pricing.segments import Good

MILK, BREAD = Good(1, 1, 10, 1, False, ((1, 1990),)), Good(2, 2, 20, 1, False, ((1, 990),))
EXAMPLES = int(os.environ.get("COUPON_EXAMPLES", "300"))


def coupon(number: int = 1, kind: Kind = Kind.THRESHOLD_OFF, **of: Any) -> Held:
    plain: dict[str, Any] = {"stack_class": StackClass.STORE, "from_at": NOW, "until_at": NOW + timedelta(days=number)}
    return Held(number, number, f"券{number}", kind, **plain | of)


def priced(coupons: list[Held], chosen: list[int] | None, goods: Any = (MILK, BREAD), **more: Any) -> Priced:
    wish = Wish(None if chosen is None else tuple(chosen))
    return price(goods, NO_RULES, HERE, purse=Purse(coupons, At(1, "mall", NOW)), wish=wish, explain=True, **more)


def test_one_of_a_class_and_the_next_class_sees_what_is_left():
    store, second = coupon(1, threshold_fen=2000, off_fen=1000), coupon(2, threshold_fen=0, off_fen=100)
    platform = coupon(3, threshold_fen=2000, off_fen=50, stack_class=StackClass.PLATFORM)
    found = priced([platform, second, store], [3, 2, 1])
    assert (found.coupon_ids, found.payable_fen) == ([1], 1980)
    assert [(row["coupon_id"], row["code"]) for row in found.coupons.refused] == [(3, "short"), (2, "class_taken")]


def test_the_best_is_found_where_the_largest_coupon_is_not_it():
    """A store coupon of 10 blocks a platform coupon of 8 from 25; one of 3 beside it is worth more."""
    store, small = coupon(1, off_fen=1000), coupon(2, off_fen=300)
    platform = coupon(3, threshold_fen=2500, off_fen=800, stack_class=StackClass.PLATFORM)
    found = priced([store, small, platform], None)
    assert sorted(found.coupon_ids) == [2, 3]
    assert {row["id"]: row["dearer_by_fen"] for row in found.coupons.offers} == {2: 0, 3: 0, 1: 100}


def test_of_equals_the_one_that_ends_first_is_best_and_stands_first():
    late, soon = coupon(9, off_fen=300), coupon(2, off_fen=300)
    found = priced([late, soon], [])
    assert found.coupons.best_ids == (2,)
    assert [(offer["id"], offer["best"]) for offer in found.coupons.offers] == [(2, True), (9, False)]
    assert (found.coupon_ids, found.coupons.refused) == ([], ())


def test_a_coupon_that_is_not_the_members_is_refused_by_name():
    assert priced([], [77]).coupons.refused == ({"coupon_id": 77, "code": "not_yours"},)


@pytest.mark.parametrize(("kind", "freight_fen"), [(Kind.FREIGHT, 0), (Kind.GIFT, 500)])
def test_what_there_is_nothing_to_use_it_on_is_said(kind, freight_fen):
    found = priced([coupon(1, kind, off_fen=500, goods=[{"sku_id": 1, "qty": 1}])], [1], freight_fen=freight_fen)
    assert found.coupons.refused == ({"coupon_id": 1, "code": "nothing_to_use_it_on"},)


def test_a_freight_coupon_pays_freight_and_no_line():
    freight = coupon(1, Kind.FREIGHT, off_fen=800, stack_class=StackClass.FREIGHT)
    found = priced([freight], [1], freight_fen=600)
    assert (found.freight_fen, found.payable_fen, found.nets_fen) == (0, 2980, (1990, 990))


goods_of = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 2), st.integers(1, 5), st.integers(0, 100_000)), min_size=1, max_size=6
).map(
    lambda rows: [Good(at, 10 * at + sku, cat, qty, False, ((1, fen),)) for at, (sku, cat, qty, fen) in enumerate(rows)]
)


@st.composite
def coupons_of(draw):
    kind = draw(st.sampled_from([Kind.THRESHOLD_OFF, Kind.RATE, Kind.CASH, Kind.GOODS]))
    scope = draw(st.sampled_from([{}, {"include": {"categories": [1]}}, {"exclude": {"categories": [2]}}]))
    return coupon(
        draw(st.integers(1, 50)),
        kind,
        stack_class=draw(st.sampled_from([StackClass.GOODS, StackClass.STORE, StackClass.PLATFORM])),
        threshold_fen=draw(st.integers(0, 300_000)) if kind is Kind.THRESHOLD_OFF else 0,
        off_fen=draw(st.integers(1, 400_000)),
        rate_bp=draw(st.integers(1, 9_999)),
        cap_fen=draw(st.integers(0, 5_000)),
        goods=[{"sku_id": draw(st.integers(1, 4)), "qty": draw(st.integers(1, 6))}],
        scope=scope,
    )


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(goods=goods_of, coupons=st.lists(coupons_of(), max_size=5, unique_by=lambda one: one.id))
def test_whatever_is_stacked_no_line_falls_below_nothing_and_every_fen_is_somewhere(goods, coupons):
    """Complaint 4.8; `COUPON_EXAMPLES=200000` runs it at length."""
    best = priced(coupons, None, goods)
    for line, net_fen in enumerate(best.nets_fen):
        assert 0 <= net_fen == best.list_fen[line] - sum(step.shares[line] for step in best.steps)
    classes = [one.stack_class for one in coupons if one.id in best.coupon_ids]
    assert len(set(classes)) == len(classes)
    assert all(best.payable_fen <= priced(coupons, [one.id], goods).payable_fen for one in coupons)
