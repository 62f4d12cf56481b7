"""Over many orders and refund sequences, money and points end exactly where the formulas say; none refunds too much.

Pure: the arithmetic that `trade/orders/returns.py` stores, without the tables.  5,000 orders by default, 100,000 with
REFUND_ORDERS=100000.
"""

from __future__ import annotations

import os
import random

from config.money import refund_share, split

ORDERS = int(os.environ.get("REFUND_ORDERS", "5000"))


def _an_order(dice):
    """Lines of (units, paid, points spent), and what the order earned."""
    units = [dice.randint(1, 9) for _ in range(dice.randint(1, 6))]
    lists = [qty * dice.randint(1, 9_999) for qty in units]
    off = dice.choice((0, dice.randint(0, sum(lists))))
    points = dice.randint(0, min(5_000, sum(lists) - off))
    after = [fen - share for fen, share in zip(lists, split(off, lists), strict=True)]
    spent = split(points, after) if sum(after) else [0] * len(units)
    paid = [fen - share for fen, share in zip(after, spent, strict=True)]
    return list(zip(units, paid, spent, strict=True)), sum(paid) * dice.choice((100, 120, 150)) // 10_000


def test_any_sequence_of_refunds_ends_where_the_formulas_say():
    dice = random.Random(20261124)
    for _ in range(ORDERS):
        lines, earned = _an_order(dice)
        payable = sum(paid for _, paid, _ in lines)
        returned = [0] * len(lines)
        cash = points = clawed = 0
        while open_lines := [n for n, (qty, _, _) in enumerate(lines) if returned[n] < qty]:
            n = dice.choice(open_lines)
            qty, paid, spent = lines[n]
            wants = dice.randint(1, qty - returned[n])
            cash += refund_share(paid, qty, returned[n], wants)
            points += refund_share(spent, qty, returned[n], wants)
            returned[n] += wants
            target = earned * cash // payable if payable else 0
            assert target >= clawed
            clawed = target
            assert cash <= payable and points <= sum(spent for _, _, spent in lines) and clawed <= earned
        assert (cash, points) == (payable, sum(spent for _, _, spent in lines))
        assert clawed == (earned if payable else 0)
