from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.money import half_up, line_fen, refund_share, split

WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


def test_the_fen_left_over_go_to_the_largest_remainders_earlier_lines_first():
    assert split(100, [1990, 990, 100]) == [65, 32, 3]
    assert split(2, [1, 1, 1]) == [1, 1, 0]
    assert split(0, [5, 5]) == [0, 0]


@given(st.integers(0, 10**8), WEIGHTS)
def test_a_split_loses_nothing_and_is_within_a_fen(total, weights):
    shares = split(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)


@given(WEIGHTS, st.data())
def test_no_share_exceeds_its_line_when_the_total_does_not(weights, data):
    shares = split(data.draw(st.integers(0, sum(weights))), weights)
    assert all(share <= weight for share, weight in zip(shares, weights, strict=True))


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [0, 0]), (1, [2, -1])])
def test_a_mistake_of_ours_is_not_swallowed(total, weights):
    with pytest.raises(AssertionError):
        split(total, weights)


def test_half_up_rounds_the_half_up():
    assert [half_up(n, 1000) for n in (499, 500, 1499, 1500)] == [0, 1, 1, 2]


def test_weighed_goods_cost_by_the_kilogram():
    assert line_fen(1990, 532, weighed=True) == 1059
    assert line_fen(1990, 3, weighed=False) == 5970


@given(st.integers(0, 10**7), st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_any_sequence_of_partial_returns_ends_at_exactly_what_was_paid(paid, steps):
    qty, returned, given_back = sum(steps), 0, 0
    for more in steps:
        given_back += refund_share(paid, qty, returned, more)
        returned += more
    assert given_back == paid
