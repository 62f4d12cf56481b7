"""Points that were spent before they had to go back: what is shown is what is done (members-mall-orders.md 3.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.db import transaction
from member import points, terms
from member.terms import Terms
from tests.stories import Story
from trade.orders import returns


@pytest.fixture
def in_force(monkeypatch, clean):
    """Terms of this test, in force at once."""

    def set_to(**more):
        made = replace(Terms(), **more)
        monkeypatch.setattr(terms, "_stale", lambda: False)
        monkeypatch.setattr(terms._Known, "versions", [(datetime(2000, 1, 1, tzinfo=UTC), made)])

    return set_to


@pytest.fixture
def spent(session, now, in_force):
    """A member bought bread for 6.50 and earned 6 points, of which 5 are spent: 1 is left."""

    def story(**more):
        in_force(redeem_step=1, **more)
        story = Story(session, now, points_of=0)
        order = story.sell(bread=1)
        story.sell(bread=1, points_used=5, member=story.member)
        with transaction(session):
            points.spend(session, story.member, points.balance(session, story.member).available - 1, source="x:1",
                         actor="t", now=now)  # fmt: skip
        return story, order

    return story


def shown(story, order):
    with transaction(story.session):
        return returns.preview(story.session, story.shop.store_id, order, {1: 1}, now=story.now)


def take_back(story, order, **more):
    return story.do(
        returns.take_back, story.shop.store_id, order, {1: 1}, at_store_id=story.shop.store_id,
        shift_id=story.shop.shift_id, staff_id=1, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "refund_fen", "clawed", "owed"),
    [
        ({"shortfall": "deficit"}, 650, 6, 5),
        ({"shortfall": "deduct_refund"}, 645, 1, 0),
        ({"shortfall": "write_off", "write_off_per_month": 3}, 650, 3, 2),
        ({"shortfall": "write_off"}, 650, 6, 5),
        ({"shortfall": "ask_manager", "shortfall_by_channel": {"till": "deduct_refund"}}, 645, 1, 0),
    ],
)
def test_the_return_does_what_the_preview_showed(spent, policy, refund_fen, clawed, owed):
    story, order = spent(**policy)
    plan = shown(story, order)
    assert (plan.refund_fen, plan.points_clawed, plan.points_deficit) == (refund_fen, clawed, owed)
    _, done = take_back(story, order, expected_refund_fen=refund_fen, expected_points_deficit=owed)
    assert done.as_json() == plan.as_json()
    assert story.points.deficit == owed
    story.agree()


def test_a_manager_is_asked_before_a_member_owes(spent):
    story, order = spent(shortfall="ask_manager")
    assert shown(story, order).borne.asks_manager
    with pytest.raises(returns.ApprovalNeeded) as refused:
        take_back(story, order, expected_refund_fen=650)
    assert refused.value.facts == {"points_deficit": 5}
    assert story.count("SELECT count(*) FROM sale_return") == 0
    take_back(story, order, expected_refund_fen=650, approver_id=7)
    assert story.count("SELECT approver_id FROM sale_return") == 7
    story.agree()


def test_what_the_member_spent_since_the_preview_is_shown_again(spent):
    story, order = spent(shortfall="deficit")
    with pytest.raises(returns.RefundChanged):
        take_back(story, order, expected_refund_fen=650, expected_points_deficit=4)
    assert story.count("SELECT count(*) FROM sale_return") == 0


def test_points_of_a_till_sale_wait_for_the_days_the_terms_say(session, now, in_force):
    in_force(confirm_days={"till": 7, "mall": 7})
    story = Story(session, now)
    story.sell(bread=1)
    assert (story.points.available, story.points.pending) == (0, 6)
    with transaction(session):
        assert points.confirm_due(session, now=now + timedelta(days=7, seconds=-1), most=10) == 0
        assert points.confirm_due(session, now=now + timedelta(days=7), most=10) == 1
    assert (story.points.available, story.points.pending) == (6, 0)
    story.agree()


def test_points_of_a_mall_order_wait_from_hand_over_and_a_return_takes_them_first(session, now, in_force):
    in_force(confirm_days={"till": 0, "mall": 7})
    story = Story(session, now)
    order = story.paid(bread=2)
    story.now += timedelta(days=3)
    story.collect(order)
    assert story.points.pending == 13
    story.give_back(order, lines={1: 1})
    assert (story.points.pending, story.points.deficit) == (7, 0)
    with transaction(session):
        assert points.confirm_due(session, now=story.now + timedelta(days=7), most=10) == 1
    assert (story.points.available, story.points.pending) == (7, 0)
    story.agree()
