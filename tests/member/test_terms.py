from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from member.terms import Terms, earns, terms_at


@pytest.mark.parametrize(
    ("paid_fen", "tier", "points"),
    [
        (0, "standard", 0),
        (99, "standard", 0),
        (100, "standard", 1),
        (199, "standard", 1),
        (1980, "standard", 19),
        (1980, "silver", 23),
        (1980, "gold", 29),
        (66, "gold", 0),
        (67, "gold", 1),
    ],
)
def test_a_yuan_earns_a_point_and_a_tier_more(now, paid_fen, tier, points):
    assert earns(terms_at(now), paid_fen, tier) == points


def test_a_tier_the_terms_do_not_name_earns_the_plain_rate_and_stops_no_sale(now):
    assert earns(terms_at(now), 10_000, "diamond") == 100


@given(
    parts=st.lists(st.integers(0, 10_000_00), min_size=1, max_size=10),
    tier=st.sampled_from(["standard", "silver", "gold"]),
)
def test_rounding_down_once_an_order_never_gives_less_than_rounding_each_line(parts, tier):
    terms = Terms()
    apart = sum(earns(terms, part, tier) for part in parts)
    assert apart <= earns(terms, sum(parts), tier) < apart + len(parts)


def test_the_terms_of_today(now):
    terms = terms_at(now)
    assert (terms.redeem_step, terms.redeem_max_bp, terms.valid_months) == (100, 5_000, 12)
