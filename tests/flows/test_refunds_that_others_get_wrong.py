"""Partial returns, again and again, end exactly where the formulas say (members-mall-orders.md 3.2, 3.A, 4.13)."""

from __future__ import annotations

import os
import random

import pytest
from sqlalchemy import text

from trade.orders import returns
from trade.orders.returns import TooMuchReturned

ROUNDS = int(os.environ.get("TONGDIAN_ROUNDS", "10"))


def test_one_unit_of_five_comes_back_five_times_by_the_formula(story):
    """yudao reverses stock and points of the whole line at the first refund, were it of one fen."""
    order = story.sell(points_used=300, milk=5)
    head = story.head(order)
    assert (head.payable_fen, head.earns_points) == (4_650, 46)
    on_hand = story.count("SELECT on_hand FROM stock_level WHERE sku_id = :s", s=story.shop.skus["milk"])
    seen = [story.give_back(order, lines={1: 1}) for _ in range(5)]
    assert [one.refund_fen for one in seen] == [930] * 5
    assert [one.points_back for one in seen] == [60] * 5
    assert [one.points_clawed for one in seen] == [46 * k // 5 - 46 * (k - 1) // 5 for k in range(1, 6)]
    after = story.count("SELECT on_hand FROM stock_level WHERE sku_id = :s", s=story.shop.skus["milk"])
    assert after == on_hand + 5
    assert story.points.available == 1_000
    story.agree()


def test_one_yuan_of_five_units_is_refunded_five_times_and_then_the_units_come_back(story):
    """yudao's `updateOrderItemWhenAfterSaleSuccess` reverses stock and points of the whole line at the first yuan."""
    order = story.sell(points_used=300, milk=5)
    on_hand = story.count("SELECT on_hand FROM stock_level WHERE sku_id = :s", s=story.shop.skus["milk"])
    seen = [
        story.do(
            returns.refund_amount, story.shop.store_id, order, {1: 100}, reason="late", shift_id=story.shop.shift_id
        )[1]
        for _ in range(5)
    ]  # paid 4650 with 300 points, earned 46 on it
    assert [one.refund_fen for one in seen] == [100] * 5
    assert [one.points_back for one in seen] == [
        300 * k // 4650 - 300 * (k - 100) // 4650 for k in range(100, 600, 100)
    ]
    assert [one.points_clawed for one in seen] == [
        46 * k // 4650 - 46 * (k - 100) // 4650 for k in range(100, 600, 100)
    ]
    assert story.count("SELECT on_hand FROM stock_level WHERE sku_id = :s", s=story.shop.skus["milk"]) == on_hand
    assert story.count("SELECT sum(qty) FROM return_line") == 0
    story.agree()
    last = [story.give_back(order, lines={1: units}) for units in (1, 4)]
    assert [one.refund_fen for one in last] == [830, 3320]  # 930 - 500 x 930 / 4650, and the rest of 4650
    assert sum(one.refund_fen for one in seen + last) == 4_650
    assert sum(one.points_clawed for one in seen + last) == 46
    assert story.points.available == 1_000
    assert story.count("SELECT on_hand FROM stock_level WHERE sku_id = :s", s=story.shop.skus["milk"]) == on_hand + 5
    story.agree()


def test_a_sixth_unit_of_five_is_refused_and_nothing_moves(story):
    order = story.sell(points_used=300, milk=5)
    story.give_back(order, lines={1: 5})
    before = story.points, story.count("SELECT sum(on_hand) FROM stock_level")
    with pytest.raises(TooMuchReturned):
        story.give_back(order, lines={1: 1})
    assert (story.points, story.count("SELECT sum(on_hand) FROM stock_level")) == before
    story.agree()


@pytest.mark.parametrize("seed", range(8))
def test_any_sequence_of_returns_ends_at_exactly_what_was_paid(story, seed):
    """Complaint 4.11: elsewhere a return gives the list price back, or the whole discount (4.13, RF1 to RF4)."""
    dice = random.Random(seed)
    story.top_up(10_000, bonus_fen=1_500)
    goods = {"milk": dice.randint(1, 7), "bread": dice.randint(1, 7), "apple": dice.randint(100, 3_000)}
    order = story.sell(
        points_used=100 * dice.randint(0, 4),
        discount_fen=dice.randint(0, 300),
        wallet_fen=dice.randint(0, 500),
        **goods,
    )
    stored, on_hand = story.stored, story.count("SELECT sum(on_hand) FROM stock_level")
    left = dict(enumerate(goods.values(), 1))
    refunded = 0
    while left:
        line = dice.choice(list(left))
        units = dice.randint(1, left[line])
        refunded += story.give_back(order, lines={line: units}).refund_fen
        left[line] -= units
        left = {number: qty for number, qty in left.items() if qty}
        story.agree()
    head = story.head(order)
    assert refunded == head.payable_fen
    assert (story.points.available, story.points.deficit) == (1_000, 0)
    assert story.stored.total_fen == stored.total_fen + head.wallet_principal_fen + head.wallet_bonus_fen == 11_500
    assert story.count("SELECT sum(on_hand) FROM stock_level") == on_hand + sum(goods.values())


def _held(story):
    """What the member holds: points, growth, stored value, and the coupons in hand with their last moment."""
    coupons = story.session.execute(
        text("SELECT template_id, valid_from_at, valid_until_at FROM coupon WHERE state = 'issued' ORDER BY id")
    ).all()
    growth = story.session.execute(text("SELECT balance, pending FROM lot_account WHERE account = 'growth'")).all()
    return story.points, growth, story.stored, coupons


def test_buying_spending_and_returning_over_and_over_leaves_everything_as_at_the_start(story):
    """Complaint 4.2: points, growth, stored value and coupons; `TONGDIAN_ROUNDS=100` for the long form."""
    story.top_up(5_000, bonus_fen=500)
    story.sell(milk=3)
    assert story.follow()["count_growth"] == 1
    coupon = story.coupon()
    start = _held(story)
    goods = story.count("SELECT sum(on_hand) FROM stock_level")
    for _ in range(ROUNDS):
        order = story.sell(points_used=300, wallet_fen=500, coupon_ids=[coupon], milk=2)
        assert story.follow()["count_growth"] == 1
        assert _held(story)[1] > start[1]
        for _ in range(2):
            story.give_back(order, lines={1: 1})
        assert story.follow()["count_growth"] == 1
        assert _held(story) == start
        coupon = story.count("SELECT id FROM coupon WHERE state = 'issued'")
    assert story.count("SELECT count(*) FROM coupon WHERE state = 'returned'") == ROUNDS
    assert story.count("SELECT sum(on_hand) FROM stock_level") == goods
    assert story.count("SELECT sum(used_fen) FROM wallet_due") == 0
    story.agree()
