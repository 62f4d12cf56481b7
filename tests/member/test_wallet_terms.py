from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from member.wallet_terms import Policy, Split, WalletShort, come_back, divide, over_lines

EXAMPLES = settings(max_examples=int(os.environ.get("WALLET_EXAMPLES", "300")), deadline=None)
fen = some.integers(0, 1_000_000)


@pytest.mark.parametrize(
    ("policy", "taken"),
    [
        (Policy.PROPORTIONAL, Split(4_166, 834)),
        (Policy.PRINCIPAL_FIRST, Split(5_000, 0)),
        (Policy.BONUS_FIRST, Split(3_000, 2_000)),
    ],
)
def test_the_worked_table_of_the_three_policies(policy, taken):
    assert divide(5_000, Split(10_000, 2_000), policy) == taken


def test_the_worked_table_of_a_line_that_comes_back_in_three_parts():
    line, so_far, back = Split(400, 100), 0, []
    for more in (333, 333, 334):
        back.append(come_back(line, 1_000, so_far, more, Policy.PROPORTIONAL))
        so_far += more
    assert back == [Split(132, 34), Split(134, 33), Split(134, 33)]


@pytest.mark.parametrize(
    ("policy", "first"), [(Policy.PRINCIPAL_FIRST, Split(50, 100)), (Policy.BONUS_FIRST, Split(150, 0))]
)
def test_what_was_spent_last_comes_back_first(policy, first):
    assert come_back(Split(400, 100), 500, 0, 150, policy) == first


def test_more_than_there_is_is_refused():
    with pytest.raises(WalletShort) as refused:
        divide(31, Split(20, 10), Policy.PROPORTIONAL)
    assert refused.value.facts == {"asked_fen": 31, "available_fen": 30}


@EXAMPLES
@given(fen, fen, some.data(), some.sampled_from(Policy))
def test_a_split_is_exact_and_within_both_buckets(principal, bonus, data, policy):
    amount = data.draw(some.integers(0, principal + bonus))
    taken = divide(amount, Split(principal, bonus), policy)
    assert taken.total_fen == amount
    assert 0 <= taken.principal_fen <= principal and 0 <= taken.bonus_fen <= bonus


@EXAMPLES
@given(some.lists(fen, min_size=1, max_size=8), some.data())
def test_every_line_gets_its_part_and_none_pays_more_than_it_costs(nets, data):
    principal = data.draw(some.integers(0, sum(nets)))
    paid = Split(principal, data.draw(some.integers(0, sum(nets) - principal)))
    lines = over_lines(paid, nets)
    assert sum(lines, Split()) == paid
    assert all(
        part.principal_fen >= 0 and part.bonus_fen >= 0 and part.total_fen <= net
        for part, net in zip(lines, nets, strict=True)
    )


@EXAMPLES
@given(fen, fen, fen, some.lists(some.integers(1, 200_000), max_size=12), some.sampled_from(Policy))
def test_any_sequence_of_partial_refunds_ends_at_exactly_the_stored_split(principal, bonus, other, steps, policy):
    line, net = Split(principal, bonus), principal + bonus + other
    so_far, restored = 0, Split()
    for step in [*steps, net]:
        more = min(step, net - so_far)
        back = come_back(line, net, so_far, more, policy)
        assert back.principal_fen >= 0 and back.bonus_fen >= 0 and back.total_fen <= more
        so_far, restored = so_far + more, restored + back
    assert restored == line
