"""Coupons in a sale and in a mall order: what they take off, who locks them, and how they come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from member import points
from member.coupons.moves import CouponTaken
from member.coupons.states import Kind, StackClass
from tests import factories as make
from trade.orders import coupon_proof, place, proof, read
from trade.orders.place import Basket
from trade.pricing.quote import CouponNotUsable
from trade.pricing.quoted import Want
from trade.stock import proof as stock_proof


def _books(session):
    return [
        proof.differences(session),
        stock_proof.differences(session),
        points.check(session),
        coupon_proof.differences(session),
    ]


CLEAN: list[list[object]] = [[], [], [], []]


def _states(session):
    session.rollback()
    return [tuple(row) for row in session.execute(text("SELECT id, state, order_id FROM coupon ORDER BY id"))]


def test_a_coupon_lowers_the_lines_it_covers_before_points_and_discount(session, shop, member, now):
    """990 x 2 + 650: 5.00 off the milk, then 200 points, then 1.00 by hand."""
    scope = {"include": {"skus": [shop.skus["milk"]]}}
    coupon = make.a_coupon(session, member, now, scope=scope)
    order = make.ring_up(
        session, shop, now, member_id=member, points_used=200, discount_fen=100, coupon_ids=[coupon], milk=2, bread=1
    )
    receipt = read.receipt(session, shop.store_id, order)
    figures = [receipt[f"{name}_fen"] for name in ("list", "coupon", "points", "discount", "payable")]
    assert figures == [2630, 500, 200, 100, 1830]
    assert receipt["coupons"] == [{"id": coupon, "name": "满10减5", "off_fen": 500}]
    shares = session.execute(text("SELECT line_no, source, source_id, amount_fen FROM allocation ORDER BY 1, 2")).all()
    assert [tuple(row) for row in shares] == [
        (1, "coupon", coupon, 500),
        (1, "manual", 0, 69),
        (1, "points", 0, 139),
        (2, "manual", 0, 31),
        (2, "points", 0, 61),
    ]
    assert [line["net_fen"] for line in receipt["lines"]] == [1272, 558]
    assert _states(session) == [(coupon, "used", order)]
    assert _books(session) == CLEAN


def test_goods_deleted_after_the_coupon_was_chosen_refuse_the_sale(session, shop, member, now):
    """Complaint 4.6: picked on a large basket, submitted on a small one."""
    coupon = make.a_coupon(session, member, now, threshold_fen=2000)
    large = Basket(shop.store_id, make.wants(shop, milk=3), member, coupon_ids=[coupon])
    assert place.price(session, large, now=now).payable_fen == 2470
    for sell in (make.ring_up, lambda s, p, n, member_id, **more: make.order_online(s, p, member_id, n, **more)):
        with pytest.raises(CouponNotUsable) as refused:
            sell(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
        assert refused.value.facts["coupons"] == [{"coupon_id": coupon, "code": "short", "short_fen": 20}]
        assert refused.value.facts["quote"]["payable_fen"] == 1980
    assert _states(session) == [(coupon, "issued", None)]
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar() == 0


def test_another_members_coupon_is_nobodys_here(session, shop, member, now):
    other = make.a_member(session, phone="13900001111", now=now)
    coupon = make.a_coupon(session, other, now)
    with pytest.raises(CouponNotUsable) as refused:
        make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    assert refused.value.facts["coupons"] == [{"coupon_id": coupon, "code": "not_yours"}]


def test_the_quote_shows_every_coupon_and_the_best(session, shop, member, now):
    small = make.a_coupon(session, member, now, name="小券", off_fen=100)
    large = make.a_coupon(session, member, now, name="大券", off_fen=900)
    far = make.a_coupon(session, member, now, name="远券", threshold_fen=99_00)
    freight = make.a_coupon(
        session, member, now, name="运费券", kind=Kind.FREIGHT, threshold_fen=0, stack_class=StackClass.FREIGHT
    )
    quote = place.price(
        session, Basket(shop.store_id, make.wants(shop, milk=2), member), now=now, explain=True
    ).as_json()
    assert quote["payable_fen"] == 1980 and quote["coupon_ids"] == []
    assert quote["best_coupon_ids"] == [large]
    assert [(offer["id"], offer["off_fen"], offer["usable"]) for offer in quote["coupons"]] == [
        (large, 900, True),
        (small, 100, True),
        (far, 0, False),
        (freight, 0, False),
    ]
    assert quote["coupons"][2]["why_not"] == {"code": "short", "short_fen": 7920}
    assert quote["coupons"][3]["why_not"] == {"code": "nothing_to_use_it_on"}


def test_a_used_coupon_is_not_used_again(session, shop, member, now):
    coupon = make.a_coupon(session, member, now)
    make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    with pytest.raises(CouponNotUsable):
        make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)


def test_a_coupon_taken_between_price_and_sale_sells_nothing(session, shop, member, now, monkeypatch):
    coupon = make.a_coupon(session, member, now)
    held = place.price(
        session, Basket(shop.store_id, [Want(shop.skus["milk"], 2)], member, coupon_ids=[coupon]), now=now
    )
    make.order_online(session, shop, member, now, coupon_ids=[coupon], milk=2)
    monkeypatch.setattr(place, "price", lambda *_a, **_k: held)
    with pytest.raises(CouponTaken) as refused:
        make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    assert refused.value.facts["coupons"] == [{"coupon_id": coupon, "state": "locked"}]
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar() == 1
    assert _books(session) == CLEAN


def test_the_last_day_of_n_days_ends_at_the_stores_midnight(session, member, now):
    """Claimed on Monday noon in Hangzhou for 7 days: good through next Monday, stored as Tuesday 00:00 there."""
    make.a_coupon(session, member, now)
    until = session.execute(text("SELECT valid_until_at FROM coupon")).scalar_one()
    assert until - now == timedelta(days=7, hours=12)
