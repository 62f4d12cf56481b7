"""The search finds what trying everything finds, and every fen of it is explained."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from config.money import refund_share
from tests.trade.pricing.baskets import Problem, plausible, shop, small
from tests.trade.pricing.brute import cheapest
from tests.vectors.problems import vector
from trade.pricing.case import Case, Wish
from trade.pricing.engine import Priced, Purse, price
from trade.pricing.rules import Kind
from trade.pricing.search import search

BRUTE = int(os.environ.get("TONGDIAN_BRUTE_BASKETS", "400"))
EXPLAINED = int(os.environ.get("TONGDIAN_EXPLAINED_BASKETS", "1000"))


def _case(problem: Problem) -> Case:
    case = Case(problem.goods, problem.book, problem.here, problem.left, Wish(None), problem.freight_fen)
    if problem.purse.coupons and problem.purse.at:
        case.add_coupons(problem.purse.coupons, problem.purse.at)
    return case


def _price(problem: Problem, wish: Wish = Wish(None)) -> Priced:  # noqa: B008 -- frozen
    return price(
        problem.goods,
        problem.book,
        problem.here,
        left=problem.left,
        purse=problem.purse,
        wish=wish,
        freight_fen=problem.freight_fen,
    )


def test_equals_trying_everything() -> None:
    """On 10,000 baskets in the long form (members-mall-orders.md 3.6.6)."""
    for seed in range(BRUTE):
        case = _case(small(Random(seed)))
        found = search(case)
        assert found.plan
        assert found.plan.rank[0] == cheapest(case, small(Random(seed)).purse.coupons), seed


def test_a_coupon_may_have_the_number_of_a_rule() -> None:
    """加价购 and a chosen coupon of one number: the bound counts both."""
    problem = small(Random(576))

    def payable(first_id: int) -> int:
        coupons = [replace(held, id=number) for number, held in enumerate(problem.purse.coupons, first_id)]
        chosen = Wish(tuple(held.id for held in coupons))
        return _price(replace(problem, purse=Purse(coupons, problem.purse.at)), chosen).payable_fen

    add_on = next(rule.id for rule in problem.book.rules if rule.kind is Kind.ADD_ON)
    assert payable(add_on) == payable(101) == 11947


@pytest.mark.parametrize("make", [small, plausible])
def test_every_fen_is_explained(make: Callable[[Random], Problem]) -> None:
    """Shares sum to their source, no line falls below 0, list and deltas make what is to pay; long form 200,000."""
    for seed in range(EXPLAINED if make is small else EXPLAINED // 5):
        priced = _price(make(Random(seed)))
        assert min(priced.nets_fen) >= 0
        for step in priced.steps:
            assert step.phase == 6 or sum(step.shares) == step.off_fen, (seed, step)
            assert min(step.shares, default=0) >= 0, (seed, step)
        for line, (list_fen, net_fen) in enumerate(zip(priced.list_fen, priced.nets_fen, strict=True)):
            assert list_fen - sum(step.shares[line] for step in priced.steps) == net_fen, (seed, line)
        assert sum(priced.list_fen) - sum(step.off_fen for step in priced.steps) == priced.payable_fen, seed
        assert priced.payable_fen >= 0


def test_any_sequence_of_partial_refunds_ends_at_what_was_paid() -> None:
    rng = Random(11)
    for seed in range(EXPLAINED // 5):
        problem = plausible(Random(seed))
        for good, net_fen in zip(problem.goods, _price(problem).nets_fen, strict=True):
            back, done = 0, 0
            while done < good.qty:
                more = rng.randint(1, good.qty - done)
                back += refund_share(net_fen, good.qty, done, more)
                done += more
            assert back == net_fen


def test_shops_baskets_are_nearly_always_priced_at_their_optimum() -> None:
    found = [_price(plausible(Random(seed))).optimal for seed in range(EXPLAINED // 2)]
    assert sum(found) >= 99 * len(found) // 100


def test_a_drawer_full_of_coupons_ends_the_search_in_time() -> None:
    """Nine promotions and eighteen coupons: 86,093 baskets before what later coupons may take off ended a branch."""
    asked = vector(18911)
    assert len(asked.problem.purse.coupons) == 18
    found = asked.answer()
    assert found
    assert found.priced < 3_000


def test_no_single_rule_beats_the_search() -> None:
    """Complaint 4.9: $2 off instead of the free item."""
    for seed in range(40):
        problem = shop(Random(seed), 5, coupons=2)
        best = _price(problem).payable_fen
        for rule in problem.book.rules:
            others = frozenset(other.id for other in problem.book.rules) - {rule.id}
            assert best <= _price(problem, Wish((), barred=others)).payable_fen, (seed, rule.name)
