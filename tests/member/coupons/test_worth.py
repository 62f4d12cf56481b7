from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from member.coupons.states import Kind, StackClass
from member.coupons.worth import At, Goods, Held, best, judge, take, weigh

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
HERE = At(1, "till", NOW)
MILK, BREAD = Goods(1, 10, 1, 1990), Goods(2, 20, 1, 990)
EXAMPLES = int(os.environ.get("COUPON_EXAMPLES", "300"))


def coupon(number: int = 1, kind: Kind = Kind.THRESHOLD_OFF, **of: Any) -> Held:
    plain: dict[str, Any] = {"stack_class": StackClass.STORE, "from_at": NOW, "until_at": NOW + timedelta(days=number)}
    return Held(number, number, f"券{number}", kind, **plain | of)


@pytest.mark.parametrize(
    ("net_fen", "off_fen", "short_fen"), [(1999, 0, 1), (2000, 300, None), (2001, 300, None), (1950, 0, 50)]
)
def test_a_threshold_counts_at_itself_and_not_a_fen_below(net_fen, off_fen, short_fen):
    worth = judge(coupon(threshold_fen=2000, off_fen=300), [Goods(1, 1, 1, net_fen)], HERE)
    assert worth.off_fen == off_fen
    assert worth.why_not == (short_fen and {"code": "short", "short_fen": short_fen})


def test_the_worked_table():
    milk_only: dict[str, Any] = {"scope": {"include": {"skus": [1]}}}
    lines = [MILK, BREAD]
    assert judge(coupon(threshold_fen=2000, off_fen=300, **milk_only), lines, HERE).why_not == {
        "code": "short",
        "short_fen": 10,
    }
    assert judge(coupon(threshold_fen=1990, off_fen=300, **milk_only), lines, HERE).shares == (300, 0)
    assert judge(coupon(1, Kind.RATE, rate_bp=8500, **milk_only), lines, HERE).off_fen == 298
    assert judge(coupon(1, Kind.RATE, rate_bp=8500, cap_fen=200, **milk_only), lines, HERE).off_fen == 200
    cash = judge(coupon(1, Kind.CASH, off_fen=2500, **milk_only), lines, HERE)
    assert (cash.off_fen, cash.lost_fen, cash.shares) == (1990, 510, (1990, 0))
    three = [Goods(1, 10, 3, 1990), BREAD]
    assert judge(coupon(1, Kind.GOODS, goods=[{"sku_id": 1, "qty": 1}]), three, HERE).shares == (663, 0)


@pytest.mark.parametrize(
    ("of", "why"),
    [
        ({"from_at": NOW + timedelta(seconds=1)}, "not_yet"),
        ({"until_at": NOW}, "over"),
        ({"store_ids": [2]}, "not_in_this_store"),
        ({"channels": ["mall"]}, "not_in_this_channel"),
        ({"scope": {"include": {"categories": [99]}}}, "no_goods_of_it"),
        ({"scope": {"exclude": {"categories": [10], "skus": [2]}}}, "no_goods_of_it"),
        ({"kind": Kind.FREIGHT, "off_fen": 500}, "nothing_to_use_it_on"),
        ({"kind": Kind.GIFT, "goods": [{"sku_id": 1, "qty": 1}]}, "nothing_to_use_it_on"),
        ({"kind": Kind.GOODS, "goods": [{"sku_id": 9, "qty": 1}]}, "no_goods_of_it"),
    ],
)
def test_what_a_coupon_cannot_do_it_says(of, why):
    worth = judge(coupon(**{"off_fen": 100} | of), [MILK, BREAD], HERE)
    assert (worth.off_fen, (worth.why_not or {}).get("code")) == (0, why)


def test_goods_that_cost_nothing_any_more_use_no_coupon_up():
    assert judge(coupon(off_fen=100), [Goods(1, 1, 1, 0)], HERE).why_not == {"code": "nothing_left_to_pay"}


def test_one_of_a_class_and_the_next_class_sees_what_is_left():
    store, second = coupon(1, threshold_fen=2000, off_fen=1000), coupon(2, threshold_fen=0, off_fen=100)
    platform = coupon(3, threshold_fen=2000, off_fen=50, stack_class=StackClass.PLATFORM)
    done, after = take([platform, second, store], [MILK, BREAD], HERE)
    assert [(held.id, worth.off_fen, (worth.why_not or {}).get("code")) for held, worth in done] == [
        (1, 1000, None),
        (2, 0, "class_taken"),
        (3, 0, "short"),
    ]
    assert sum(line.net_fen for line in after) == 1980


def test_the_best_is_found_where_the_largest_coupon_is_not_it():
    """A store coupon of 10 blocks a platform coupon of 8 from 25; one of 3 beside it is worth more."""
    store, small = coupon(1, off_fen=1000), coupon(2, off_fen=300)
    platform = coupon(3, threshold_fen=2500, off_fen=800, stack_class=StackClass.PLATFORM)
    chosen = best([store, small, platform], [MILK, BREAD], HERE)
    assert sorted(held.id for held in chosen) == [2, 3]


def test_of_equals_the_one_that_ends_first_is_best_and_stands_first():
    late, soon = coupon(9, off_fen=300), coupon(2, off_fen=300)
    weighed = weigh([late, soon], [], [MILK], HERE)
    assert weighed.best_ids == [2]
    assert [(offer["id"], offer["best"]) for offer in weighed.offers] == [(2, True), (9, False)]
    assert weighed.taken == [] and weighed.refused == []


def test_a_coupon_that_is_not_the_members_is_refused_by_name():
    weighed = weigh([], [77], [MILK], HERE)
    assert weighed.refused == [{"coupon_id": 77, "code": "not_yours"}]


lines_of = st.lists(
    st.builds(Goods, st.integers(1, 4), st.integers(1, 2), st.integers(1, 5), st.integers(0, 500_000)),
    min_size=1,
    max_size=6,
)


@st.composite
def coupons_of(draw):
    kind = draw(st.sampled_from([Kind.THRESHOLD_OFF, Kind.RATE, Kind.CASH, Kind.GOODS]))
    scope = draw(st.sampled_from([{}, {"include": {"skus": [1, 2]}}, {"exclude": {"categories": [2]}}]))
    return coupon(
        draw(st.integers(1, 50)),
        kind,
        stack_class=draw(st.sampled_from(StackClass)),
        threshold_fen=draw(st.integers(0, 300_000)) if kind is Kind.THRESHOLD_OFF else 0,
        off_fen=draw(st.integers(1, 400_000)),
        rate_bp=draw(st.integers(1, 9_999)),
        cap_fen=draw(st.integers(0, 5_000)),
        goods=[{"sku_id": draw(st.integers(1, 4)), "qty": draw(st.integers(1, 6))}],
        scope=scope,
    )


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=lines_of, coupons=st.lists(coupons_of(), max_size=5, unique_by=lambda one: one.id))
def test_whatever_is_stacked_no_line_falls_below_nothing_and_every_fen_is_somewhere(lines, coupons):
    """Complaint 4.8; `COUPON_EXAMPLES=200000` runs it at length."""
    done, after = take(coupons, lines, HERE)
    for number, line in enumerate(lines):
        taken = sum(worth.shares[number] for _, worth in done if worth.off_fen)
        assert 0 <= after[number].net_fen == line.net_fen - taken
        assert all(held.covers(line) or not worth.shares[number] for held, worth in done if worth.off_fen)
    assert all(sum(worth.shares) == worth.off_fen and min(worth.shares) >= 0 for _, worth in done if worth.off_fen)
    chosen = best(coupons, lines, HERE)
    assert len({held.stack_class for held in chosen}) == len(chosen)
    best_fen = sum(line.net_fen for line in take(chosen, lines, HERE)[1])
    assert best_fen <= min([sum(line.net_fen for line in after), *(_alone(one, lines) for one in coupons)])


def _alone(held, lines):
    return sum(line.net_fen for line in take([held], lines, HERE)[1])
