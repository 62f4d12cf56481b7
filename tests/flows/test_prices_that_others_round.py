"""Discounts that must not push a line below nothing or lose a fen (members-mall-orders.md 3.A, 3.6.3)."""

from __future__ import annotations

import os
import random

from config.money import split
from member.terms import terms_at
from trade.pricing.quote import quote
from trade.pricing.quoted import Item, Want

BASKETS = int(os.environ.get("TONGDIAN_BASKETS", "5000"))


def _basket(prices):
    items = {n: Item(n, f"g{n}", "", "件", False, "/p.svg", price, 99) for n, price in enumerate(prices, 1)}
    return items, [Want(n, 1) for n in items]


def test_two_yuan_off_lines_of_1_00_1_00_and_0_01_leaves_no_line_below_nothing(now):
    """yudao truncates and gives the rest to the last line, which then costs -0.01."""
    items, wants = _basket([100, 100, 1])
    priced = quote(items, wants, terms=terms_at(now), tier=None, points_available=0, points=0, discount_fen=200)
    assert sum(line.net_fen for line in priced.lines) == priced.payable_fen == 1
    assert min(line.net_fen for line in priced.lines) >= 0
    assert sum(share.amount_fen for line in priced.lines for share in line.shares) == 200


def test_any_discount_over_any_basket_is_shared_to_the_fen_and_no_line_goes_below_nothing():
    """`TONGDIAN_BASKETS=200000` for the long form."""
    dice = random.Random(20261124)
    for _ in range(BASKETS):
        weights = [dice.choice((1, 2, 99, 100, dice.randint(1, 5_000))) for _ in range(dice.randint(1, 9))]
        total = dice.randint(0, sum(weights))
        shares = split(total, weights)
        assert sum(shares) == total
        assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True)), (total, weights)
