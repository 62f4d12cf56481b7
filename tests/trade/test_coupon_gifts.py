"""A coupon that an order gave, when the order's goods come back: void, or its worth withheld (3.4)."""

from __future__ import annotations

import os
import random
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from config.db import transaction
from member.coupons.states import GivenRule, Kind, ReturnRule
from tests import factories as make
from tests.stories import Story
from trade.orders import close, returns
from trade.orders.coupons_due import Spent, withhold

STORIES = int(os.environ.get("TONGDIAN_GIFT_STORIES", "12"))


@pytest.fixture
def story(session, now):
    return Story(session, now, points_of=500)


def gives(story, **of):
    """The offer that orders of 19 bring: 5 off from 10, unless told otherwise."""
    make.an_offer(story.session, story.now, **{"name": "满赠", "in_centre": False, "given_from_fen": 1900} | of)
    return lambda: story.follow()["give_coupons"]


def gift(story):
    """The given coupon that lives: its id and state."""
    rows = story.session.execute(text("SELECT id, state FROM coupon WHERE state <> 'returned'")).all()
    story.session.rollback()
    assert len(rows) == 1, rows
    return tuple(rows[0])


def see(story, order, lines):
    with transaction(story.session):
        return returns.preview(story.session, story.shop.store_id, order, lines, now=story.now)


def test_an_order_gives_once_and_takes_an_unused_coupon_along(story):
    give = gives(story, issue_limit=5)
    order = story.sell(milk=2)
    assert give() == 1
    with transaction(story.session):
        story.session.execute(text("UPDATE journal SET done_at = NULL, leased_until = NULL, tries = 0"))
    assert give() == 0
    assert gift(story)[1] == "issued"
    assert [coupon["name"] for coupon in see(story, order, {1: 1}).coupons.void] == ["满赠"]
    story.give_back(order, lines={1: 1})
    assert gift(story)[1] == "void"
    assert story.count("SELECT remaining FROM coupon_template") == 4
    story.agree()


def test_the_worth_of_a_used_one_is_shown_and_withheld_once(story):
    give = gives(story)
    order = story.sell(milk=2)
    give()
    used, _ = gift(story)
    other = story.sell(coupon_ids=[used], milk=2)
    plan = see(story, order, {1: 1})
    assert (plan.goods_fen, plan.refund_fen, plan.coupons.spent) == (990, 490, [Spent(used, "满赠", 500, 0)])
    said = plan.as_json()
    assert (said["coupons_withheld_fen"], said["refunds"]) == (500, [{"kind": "cash", "amount_fen": 490}])
    assert [story.give_back(order, lines={1: 1}).refund_fen for _ in range(2)] == [490, 990]
    story.agree()
    assert [story.give_back(other, lines={1: 1}).refund_fen for _ in range(2)] == [740, 740]
    assert gift(story)[1] == "issued"  # it was paid for, and now it is theirs
    story.agree()


def test_a_refund_other_than_the_one_shown_pays_nothing(story):
    """The coupon was unused when the customer was told, and is used when they agree."""
    give = gives(story)
    order = story.sell(milk=2)
    give()
    shown = see(story, order, {1: 2}).refund_fen
    story.sell(coupon_ids=[gift(story)[0]], milk=2)
    before = story.count("SELECT sum(on_hand) FROM stock_level"), story.points, gift(story)
    with pytest.raises(returns.RefundChanged) as refused:
        story.do(returns.take_back, story.shop.store_id, order, {1: 2}, expected_refund_fen=shown,
                 at_store_id=story.shop.store_id, shift_id=story.shop.shift_id, staff_id=1)  # fmt: skip
    assert refused.value.facts == {"refund_fen": 1_480, "expected_fen": 1_980}
    assert (story.count("SELECT sum(on_hand) FROM stock_level"), story.points, gift(story)) == before
    assert story.count("SELECT (SELECT count(*) FROM sale_return) + (SELECT count(*) FROM return_coupon)") == 0
    story.agree()


def test_a_coupon_taken_between_the_plan_and_its_end_leaves_nothing_returned(story, monkeypatch):
    give = gives(story)
    order = story.sell(milk=2)
    give()
    plan = see(story, order, {1: 2})
    make.order_online(story.session, story.shop, story.member, story.now, coupon_ids=[gift(story)[0]], milk=2)
    monkeypatch.setattr(returns, "preview", lambda *_a, **_k: plan)
    with pytest.raises(returns.RefundChanged):
        story.give_back(order, lines={1: 2})
    assert (gift(story)[1], story.count("SELECT count(*) FROM sale_return")) == ("locked", 0)
    story.agree()


@pytest.mark.parametrize(
    ("of", "use", "withheld", "waived"),
    [
        ({"given_rule": GivenRule.WAIVE}, {"milk": 2}, 0, 500),
        ({"kind": Kind.CASH, "threshold_fen": 0, "off_fen": 2_500}, {"milk": 3}, 1_980, 520),
        ({"kind": Kind.CASH, "threshold_fen": 0, "off_fen": 2_500}, {"milk": 1}, 990, 0),
    ],
)
def test_what_the_offer_or_the_money_does_not_withhold_is_waived(story, of, use, withheld, waived):
    give = gives(story, **of)
    order = story.sell(milk=2)
    give()
    used, _ = gift(story)
    story.sell(coupon_ids=[used], **use)
    done = story.give_back(order, lines={1: 2})
    assert (done.coupons.spent, done.refund_fen) == ([Spent(used, "满赠", withheld, waived)], 1_980 - withheld)
    story.agree()


def test_stored_value_is_never_kept_for_a_coupon(story):
    story.top_up(1_800)
    give = gives(story)
    order = story.sell(wallet_fen=1_800, milk=2)
    give()
    used, _ = gift(story)
    story.sell(coupon_ids=[used], milk=2)
    done = story.give_back(order, lines={1: 2})
    assert (done.coupons.spent, done.refund_fen) == ([Spent(used, "满赠", 180, 320)], 1_800)
    assert story.stored.total_fen == 1_800
    story.agree()


def test_a_mall_order_that_never_was_handed_over_gave_nothing_and_withholds_nothing(story):
    give = gives(story)
    order = story.paid(milk=2)
    assert give() == 0
    story.cancel(order)
    assert story.count("SELECT sum(amount_fen) FROM refund") == 1_980
    assert story.count("SELECT count(*) FROM coupon") == 0
    handed = story.paid(milk=2)
    story.collect(handed)
    assert give() == 1
    story.sell(coupon_ids=[gift(story)[0]], milk=2)
    assert story.give_back(handed, lines={1: 2}).refund_fen == 1_480
    story.agree()


def test_a_used_one_whose_order_was_cancelled_for_good_is_worth_nothing(story):
    give = gives(story, return_rule=ReturnRule.NEVER)
    order = story.sell(milk=2)
    give()
    story.do(close.cancel, story.shop.store_id, story.paid(coupon_ids=[gift(story)[0]], milk=2))
    assert gift(story)[1] == "used"
    assert story.give_back(order, lines={1: 2}).refund_fen == 1_980


def test_whatever_was_given_no_more_is_withheld_than_is_due_or_there():
    dice = random.Random(20261124)
    for _ in range(2_000):
        used = [
            SimpleNamespace(id=n, name="", given_rule=dice.choice(list(GivenRule)), kept_fen=dice.randint(0, 900),
                            before_fen=dice.randint(0, 900)) for n in range(dice.randint(0, 4))
        ]  # fmt: skip
        money_fen = dice.randint(0, 2_000)
        due = {row.id: max(row.kept_fen - row.before_fen, 0) for row in used}
        firm = sum(due[row.id] for row in used if row.given_rule == GivenRule.WITHHOLD)
        spent = withhold(used, money_fen)
        assert {one.id: one.withheld_fen + one.waived_fen for one in spent} == {n: fen for n, fen in due.items() if fen}
        assert sum(one.withheld_fen for one in spent) == min(firm, money_fen)


@pytest.mark.parametrize("seed", range(STORIES))
def test_in_whatever_order_both_purchases_come_back_cash_points_and_coupon_end_by_the_formulas(story, seed):
    """`TONGDIAN_GIFT_STORIES=500` for the long form."""
    dice = random.Random(seed)
    give = gives(story, off_fen=dice.randint(1, 1_000))
    goods = {"milk": dice.randint(2, 4), "apple": dice.randint(1, 900)}
    brought = story.sell(points_used=100 * dice.randint(0, 3), **goods)
    assert give() == (story.head(brought).payable_fen >= 1_900)
    if not story.count("SELECT count(*) FROM coupon"):
        return
    used, _ = gift(story)
    with_it = {"milk": dice.randint(2, 3), "bread": dice.randint(1, 2)}
    spent_on = story.sell(coupon_ids=[used], **with_it)
    shares = dict(
        story.session.execute(text("SELECT line_no, amount_fen FROM allocation WHERE source = 'coupon'")).all()
    )
    left = {
        (order, n): qty
        for order, what in ((brought, goods), (spent_on, with_it))
        for n, qty in enumerate(what.values(), 1)
    }
    all_of = dict(left)
    cash = {brought: 0, spent_on: 0}
    withheld = 0
    while left:
        order, line = dice.choice(sorted(left))
        units = dice.randint(1, left[order, line])
        kept = sum(
            fen - fen * (all_of[spent_on, n] - left.get((spent_on, n), 0)) // all_of[spent_on, n]
            for n, fen in shares.items()
        )
        done = story.give_back(order, lines={line: units})
        goods_fen = cash[brought] + withheld + done.goods_fen
        due = order == brought and story.head(brought).payable_fen - goods_fen < 1_900
        assert done.coupons.withheld_fen == (min(max(kept - withheld, 0), done.goods_fen) if due else 0)
        assert done.refund_fen == done.goods_fen - done.coupons.withheld_fen
        cash[order] += done.refund_fen
        withheld += done.coupons.withheld_fen
        left[order, line] -= units
        left = {key: qty for key, qty in left.items() if qty}
    assert withheld <= sum(shares.values())
    assert cash == {brought: story.head(brought).payable_fen - withheld, spent_on: story.head(spent_on).payable_fen}
    assert (story.points.available, story.points.deficit) == (500, 0)
    assert gift(story)[1] == ("issued" if withheld else "void")
    story.agree()
