"""What an order brings, and which line brings it (members-mall-orders.md 3.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from member.earning import Bought, Occasion, earned, multiplier
from member.terms import Campaign, Extra, Terms

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  # a Monday in Shanghai
ON = Occasion("standard", "till", 1, NOON)
LINES = [Bought(1, 10, 1290), Bought(2, 20, 700, 300)]


def double(**more):
    return Campaign("double", 20_000, NOON - timedelta(days=1), NOON + timedelta(days=1), **more)


def test_the_worked_table_of_the_page():
    found = earned(Terms(campaigns=(double(),)), LINES, replace(ON, tier="gold"))
    assert (found.points, found.per_line, found.basis_fen, found.multiplier_bp) == (42, (32, 10), 1690, 25_000)


def test_a_campaign_that_multiplies_is_taken_times_the_others():
    terms = Terms(campaigns=(double(), replace(double(), code="twice more", multiplies=True)))
    assert multiplier(terms, replace(ON, tier="gold")) == (25_000 * 20_000, 10_000 * 10_000)
    assert earned(terms, [Bought(1, 1, 1000)], replace(ON, tier="gold")).points == 50


@pytest.mark.parametrize(
    ("campaign", "runs"),
    [
        (double(), True),
        (double(store_ids=(1,)), True),
        (double(store_ids=(2,)), False),
        (double(channels=("mall",)), False),
        (double(weekdays=(1,)), True),
        (double(weekdays=(2, 7)), False),
        (Campaign("past", 20_000, NOON - timedelta(days=2), NOON), False),
        (Campaign("starts now", 20_000, NOON, NOON + timedelta(seconds=1)), True),
    ],
)
def test_a_campaign_runs_in_its_window_stores_channels_and_weekdays(campaign, runs):
    assert earned(Terms(campaigns=(campaign,)), [Bought(1, 1, 1000)], ON).points == (20 if runs else 10)


def test_a_weekday_is_the_day_in_shanghai():
    late = replace(ON, at=datetime(2026, 11, 22, 16, 30, tzinfo=UTC))  # Monday 00:30 there
    assert multiplier(Terms(campaigns=(double(weekdays=(1,)),)), late) == (20_000, 10_000)


def test_excluded_goods_bring_nothing_and_each_rule_is_floored_once():
    terms = Terms(earn_excluded_sku_ids=(2,), extras=(Extra("fresh", 50, category_ids=(10,)),))
    found = earned(terms, [Bought(1, 10, 199), Bought(2, 10, 5000), Bought(3, 11, 150)], ON)
    assert found.per_line == (2, 0, 1)  # basic floor(3.49) over 199 and 150; fresh floor(0.995) is nothing
    assert [step["rule"] for step in found.why] == ["basic"]


@pytest.mark.parametrize(
    ("limits", "points", "over"),
    [
        ({"max_per_order": 15}, 15, 5),
        ({"max_per_day": 12}, 7, 13),
        ({"max_per_month": 6}, 0, 20),
        ({"max_per_order": 100, "max_per_day": 100, "max_per_month": 100}, 20, 0),
    ],
)
def test_what_is_over_a_limit_is_shown_and_not_silent(limits, points, over):
    found = earned(Terms(**limits), [Bought(1, 1, 1500), Bought(2, 1, 500)], replace(ON, today=5, this_month=6))
    assert (found.points, sum(found.per_line), found.over) == (points, points, over)


def test_an_order_without_lines_brings_nothing():
    assert earned(Terms(), [], ON).points == 0


@given(
    lines=st.lists(
        st.tuples(st.integers(0, 90_000), st.integers(0, 90_000)).map(lambda t: (max(t), min(t))),
        min_size=1,
        max_size=9,
    ),
    tier=st.sampled_from(["standard", "silver", "gold"]),
)
def test_the_lines_add_up_to_the_order_and_none_is_below_nothing(lines, tier):
    goods = [Bought(index, 1, net, other) for index, (net, other) in enumerate(lines)]
    found = earned(Terms(), goods, replace(ON, tier=tier))
    basis = sum(net - other for net, other in lines)
    assert found.points == sum(found.per_line) == basis * 100 * Terms().tier_bp[tier] // 10**8
    assert all(points >= 0 for points in found.per_line)
    assert all(points == 0 for points, (net, other) in zip(found.per_line, lines, strict=True) if net == other)
