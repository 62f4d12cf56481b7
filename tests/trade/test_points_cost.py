"""What points cost an order: at most two more statements to earn and two more to spend."""

from __future__ import annotations

from tests import factories as make
from tests.bench import points as bench


def test_earning_and_spending_in_a_till_sale_cost_at_most_two_statements_each(session, now):
    shop = make.open_shop(session, now=now)
    more = bench.statements(bench.sales(session, shop, shop.skus["milk"], now))
    assert {work: 1 <= n <= bench.AT_MOST for work, n in more.items()} == {"points earn": True, "points spend": True}


def test_a_third_statement_fails_the_bench():
    row = {"work": "points earn: statements", "value": 3, "unit": "more"}
    assert bench.faults([row, row | {"value": 2}]) == ["points earn: statements: 3 more, at most 2 are allowed"]
