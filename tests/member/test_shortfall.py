from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from member.shortfall import Borne, bear

POLICIES = ["deficit", "deduct_refund", "ask_manager", "write_off"]


@pytest.mark.parametrize(
    ("policy", "borne"),
    [
        ("deficit", Borne("deficit", 40, 25)),
        ("deduct_refund", Borne("deduct_refund", 20, 5, paid=20, deducted_fen=20)),
        ("ask_manager", Borne("ask_manager", 40, 25)),
        ("write_off", Borne("write_off", 30, 15, written_off=10)),
    ],
)
def test_the_worked_table_of_the_page(policy, borne):
    assert bear(40, 15, policy, fen_per_point=1, money_fen=20, budget=10) == borne


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_there_is_taken_and_nobody_is_asked(policy):
    found = bear(40, 40, policy, fen_per_point=1, money_fen=0, budget=0)
    assert (found, found.asks_manager) == (Borne(policy, 40), False)


@given(
    due=st.integers(0, 500),
    there=st.integers(0, 500),
    policy=st.sampled_from(POLICIES),
    worth=st.integers(1, 7),
    money=st.integers(0, 2000),
    budget=st.integers(0, 300),
)
def test_every_point_is_borne_by_somebody_and_no_more_money_than_there_is(due, there, policy, worth, money, budget):
    found = bear(due, there, policy, fen_per_point=worth, money_fen=money, budget=budget)
    assert found.clawed + found.paid + found.written_off == due
    assert found.clawed - found.owed <= there
    assert min(found.clawed, found.owed, found.paid, found.written_off) >= 0
    assert found.deducted_fen == found.paid * worth <= money
    assert found.written_off <= budget
