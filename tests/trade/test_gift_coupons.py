"""满赠券: a coupon that adds goods, on real orders."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from member.coupons.states import Kind, StackClass
from tests import factories as make
from trade.books.registry import BOOKS, prove
from trade.orders import close, place
from trade.pricing.quote import CouponNotUsable


@pytest.fixture
def gift(session, shop, member, now):
    goods = [{"sku_id": shop.skus["bread"], "qty": 1}]
    more = {"name": "满15赠面包", "kind": Kind.GIFT, "stack_class": StackClass.STORE, "threshold_fen": 1500}
    return make.a_coupon(session, member, now, goods=goods, off_fen=0, **more)


def _state(session, coupon: int) -> str:
    return session.execute(text("SELECT state FROM coupon WHERE id = :id"), {"id": coupon}).scalar()


def _agree(session) -> None:
    with transaction(session):
        assert [row for one in prove(session, list(BOOKS)) for row in one.rows] == []


def test_its_goods_are_a_line_at_nothing_and_leave_the_shelf(session, shop, member, now, gift):
    make.ring_up(session, shop, now, member_id=member, coupon_ids=[gift], milk=2)
    rows = session.execute(text("SELECT qty, list_fen, net_fen, gift FROM order_line ORDER BY line_no")).all()
    assert [tuple(row) for row in rows] == [(2, 1980, 1980, False), (1, 650, 0, True)]
    assert (session.execute(text("SELECT payable_fen FROM sale_order")).scalar(), _state(session, gift)) == (
        1980,
        "used",
    )
    _agree(session)


def test_a_cancelled_order_gives_the_coupon_and_the_goods_back(session, shop, member, now, gift):
    order = make.order_online(session, shop, member, now, coupon_ids=[gift], milk=2)
    assert _state(session, gift) == "locked"
    with transaction(session):
        close.cancel(session, shop.store_id, order, actor="t", now=now)
    assert _state(session, gift) == "issued"
    _agree(session)


def test_below_its_threshold_it_is_refused_and_nothing_is_sold(session, shop, member, now, gift):
    with pytest.raises(CouponNotUsable) as refused:
        make.ring_up(session, shop, now, member_id=member, coupon_ids=[gift], milk=1)
    assert refused.value.facts["coupons"] == [{"code": "short", "short_fen": 510, "coupon_id": gift}]
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar() == 0


def test_the_quote_offers_it_and_its_class_is_taken_once(session, shop, member, now, gift):
    off = make.a_coupon(session, member, now, name="满10减5", off_fen=500)
    basket = place.Basket(shop.store_id, make.wants(shop, milk=3), member, coupon_ids=[off])
    with transaction(session):
        priced = place.price(session, basket, now=now, explain=True)
    mine = next(row for row in priced.coupons.offers if row["id"] == gift)
    assert (mine["off_fen"], mine["usable"], mine["why_not"]) == (650, False, {"code": "class_taken", "coupon_id": off})
    assert [line.gift for line in priced.lines] == [False]
