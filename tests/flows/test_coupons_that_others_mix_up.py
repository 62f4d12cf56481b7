"""Coupons that elsewhere are freed for somebody else, issued too often or used twice (members-mall-orders.md 3.A)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from config.db import transaction
from config.errors import Refused
from member.coupons import claim
from tests import factories as make
from trade.orders import place


def _state(story, coupon):
    return story.count("SELECT state FROM coupon WHERE id = :c", c=coupon)


def test_cancelling_one_order_never_frees_the_coupon_of_the_other(story):
    """macrozheng looks the coupon up by its template, so a cancel may free the one a different order used."""
    template = make.an_offer(story.session, story.now, claims_per_member=2)
    with transaction(story.session):
        mine = [
            claim.claim(story.session, template, story.member, channel=None, actor="t", now=story.now) for _ in range(2)
        ]
    first, second = (story.order(coupon_ids=[coupon], milk=2) for coupon in mine)
    story.cancel(first)
    assert [_state(story, coupon) for coupon in mine] == ["issued", "locked"]
    story.told(story.intend(second))
    assert [_state(story, coupon) for coupon in mine] == ["issued", "used"]
    story.agree()


def test_sixty_four_claims_of_the_one_that_is_left_give_one(story, open_session):
    """litemall counts, then inserts: 64 threads took 9 of 1."""
    template = make.an_offer(story.session, story.now, issue_limit=1, claims_per_member=1)
    members = [make.a_member(story.session, phone=f"1390000{n:04d}", now=story.now) for n in range(16)]

    def take(number: int) -> str:
        try:
            with open_session() as mine, transaction(mine):
                claim.claim(mine, template, members[number % 16], channel=None, actor="t", now=story.now)
        except Refused as refused:
            return refused.code
        return "claimed"

    with ThreadPoolExecutor(64) as pool:
        outcomes = list(pool.map(take, range(64)))
    assert outcomes.count("claimed") == 1
    assert story.count("SELECT count(*) FROM coupon") == 1
    assert story.count("SELECT remaining FROM coupon_template") == 0
    story.agree()


def test_one_coupon_is_used_once_though_sixty_four_tabs_ask_at_once(story, open_session):
    """macrozheng marks a coupon used without a condition."""
    coupon = story.coupon()

    def buy(_: int) -> str:
        try:
            with open_session() as mine:
                make.order_online(mine, story.shop, story.member, story.now, coupon_ids=[coupon], milk=2)
        except Refused as refused:
            return refused.code
        return "ordered"

    with ThreadPoolExecutor(64) as pool:
        outcomes = list(pool.map(buy, range(64)))
    assert outcomes.count("ordered") == 1
    assert (_state(story, coupon), story.count("SELECT count(*) FROM sale_order")) == ("locked", 1)
    story.agree()


def test_asking_for_a_price_chooses_no_coupon_for_anybody(story):
    """yudao's calculator writes the coupon of the request into the order as a side effect of calculating."""
    mine, other = story.coupon(), story.coupon(name="other")
    basket = place.Basket(story.shop.store_id, make.wants(story.shop, milk=2), story.member, coupon_ids=[mine])
    assert [place.price(story.session, basket, now=story.now).payable_fen for _ in range(2)] == [1_480, 1_480]
    assert [_state(story, coupon) for coupon in (mine, other)] == ["issued", "issued"]
    order = story.sell(milk=2)
    assert (story.head(order).coupon_fen, story.head(order).payable_fen) == (0, 1_980)
    assert [_state(story, coupon) for coupon in (mine, other)] == ["issued", "issued"]
    story.agree()


def test_a_coupon_counts_only_when_its_threshold_is_reached_to_the_fen(story):
    """macrozheng truncates the difference, so 99.50 passes for 100: the boundary at one fen."""
    coupon = story.coupon(threshold_fen=1_981, off_fen=500)
    with pytest.raises(Refused) as refused:
        story.sell(coupon_ids=[coupon], milk=2)
    assert refused.value.facts["coupons"] == [{"coupon_id": coupon, "code": "short", "short_fen": 1}]
    assert (_state(story, coupon), story.count("SELECT count(*) FROM sale_order")) == ("issued", 0)
    exact = story.coupon(name="exact", threshold_fen=1_980, off_fen=500)
    order = story.sell(coupon_ids=[exact], milk=2)
    assert story.head(order).payable_fen == 1_480
    story.agree()


def test_a_coupon_stays_used_on_a_partial_return_and_the_money_is_exact(story):
    """Elsewhere a partial refund gives the coupon back as well (4.5), or the money before it (4.13)."""
    coupon = story.coupon()
    order = story.paid(coupon_ids=[coupon], milk=2)
    story.collect(order)
    assert story.give_back(order, lines={1: 1}).refund_fen == 740
    assert _state(story, coupon) == "used"
    assert story.count("SELECT count(*) FROM coupon") == 1
    story.agree()


def test_a_paid_order_that_is_cancelled_gives_the_coupon_back_once(story):
    coupon = story.coupon()
    order = story.paid(coupon_ids=[coupon], milk=2)
    story.cancel(order)
    assert story.count("SELECT count(*) FROM coupon WHERE state = 'issued'") == 1
    with pytest.raises(Refused):
        story.cancel(order)
    assert story.count("SELECT count(*) FROM coupon WHERE state = 'issued'") == 1
    story.agree()


def test_a_coupon_comes_back_with_the_last_unit_it_paid_for(story):
    """Elsewhere it is lost for ever when the goods come back in two visits (4.5)."""
    coupon = story.coupon()
    order = story.paid(coupon_ids=[coupon], milk=2)
    story.collect(order)
    assert [story.give_back(order, lines={1: 1}).refund_fen for _ in range(2)] == [740, 740]
    assert story.count("SELECT count(*) FROM coupon WHERE state = 'issued'") == 1
    story.agree()
