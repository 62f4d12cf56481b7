"""The golden example of members-mall-orders.md 3.6.6, to the fen, and what the trace says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from config.money import refund_share, split
from member.coupons.states import Kind as CouponKind
from member.coupons.states import StackClass
from member.coupons.worth import At, Held
from trade.pricing.case import Wish
from trade.pricing.engine import NoSuchPlan, Priced, Purse, price
from trade.pricing.rules import Here, Kind, Rule, RuleBook, Scope
from trade.pricing.segments import Good

NOW = datetime(2026, 11, 24, tzinfo=UTC)
A, B = Good(1, 1, 1, 2, False, ((1, 6000),)), Good(2, 2, 1, 1, False, ((1, 9000),))
ALWAYS: dict[str, Any] = {"from_ms": 0, "until_ms": 10**14}
RULES = (
    Rule(1, 1, Kind.MEMBER_PRICE, "会员95折", rate_bp=9500, members_only=True, **ALWAYS),
    Rule(2, 1, Kind.NTH_RATE, "第二件半价", steps=((2, 5000),), on="nth", scope=Scope(frozenset({1})), **ALWAYS),
    Rule(3, 1, Kind.AMOUNT_OFF, "满200减30", steps=((20000, 3000),), **ALWAYS),
)
COUPON = Held(
    7, 1, "满150减20", CouponKind.THRESHOLD_OFF, StackClass.STORE, NOW - timedelta(1), NOW + timedelta(1), 15000, 2000
)
GOLD = Here(1, "mall", 10**12, 2, 24, 600, tier="gold")


def _price(mode: str = "best", wish: Wish = Wish(None)) -> Priced:  # noqa: B008 -- frozen
    purse = Purse([COUPON], At(1, "mall", NOW))
    return price([A, B], RuleBook(1, RULES, mode), GOLD, purse=purse, wish=wish, explain=True)


def test_one_line_gives_up_its_member_price() -> None:
    best = _price()
    assert (best.payable_fen, best.nets_fen, best.optimal) == (15400, (8606, 6794), True)
    assert [(step.name, step.base_fen, step.shares) for step in best.steps] == [
        ("会员95折", 12000, (600, 0)),
        ("满200减30", 20400, (1676, 1324)),
        ("满150减20", 17400, (1118, 882)),
    ]


def test_a_fixed_order_takes_the_best_line_prices_first() -> None:
    fixed = _price("fixed")
    assert (fixed.payable_fen, fixed.nets_fen) == (15550, (7974, 7576))
    assert [(row["code"], row["short_fen"]) for row in fixed.why_not if row["rule_id"] == 3] == [("short", 2450)]


def test_points_are_shared_by_what_is_left_and_come_back_with_the_goods() -> None:
    best = _price()
    points_fen, points = split(500, best.nets_fen), split(500, best.nets_fen)
    paid = [net - share for net, share in zip(best.nets_fen, points_fen, strict=True)]
    assert (points_fen, paid) == ([279, 221], [8327, 6573])
    assert [refund_share(paid[0], 2, 0, 1), refund_share(paid[0], 2, 1, 1), paid[1]] == [4163, 4164, 6573]
    assert [refund_share(points[0], 2, 0, 1), refund_share(points[0], 2, 1, 1), points[1]] == [139, 140, 221]
    earned, basis = 149, sum(paid)
    clawed = [earned * back // basis for back in (0, 4163, 8327, basis)]
    assert [b - a for a, b in pairwise(clawed)] == [41, 42, 66]


def test_why_the_half_price_pair_was_not_taken() -> None:
    assert [(row["rule_id"], row["code"], row["by_fen"]) for row in _price().why_not] == [(2, "dearer", 150)]


def test_the_shopper_may_say_no_and_sees_the_difference() -> None:
    without = _price(wish=Wish(None, barred=frozenset({3})))
    assert (without.payable_fen - _price().payable_fen, without.why_not[-1]["code"]) == (150, "barred")


def test_what_cannot_be_had_is_said() -> None:
    with pytest.raises(NoSuchPlan):
        _price(wish=Wish(None, required=frozenset({("promotion", 99)})))
