"""The story of an order: one timeline over the order, its parcels and its cases, and only legal next steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make


@pytest.fixture
def members(session, shop, signed_in):
    now = clock.now()
    member = make.a_member(session, points_of=500, now=now)
    other = make.a_member(session, phone="13900000002", now=now)
    return member, signed_in(member), signed_in(other, "oTongdian0002")


def _story(me, order_id):
    return me.get(f"/api/mall/orders/{order_id}/story").json["story"]


def _events(story):
    return [step["event"] for step in story["steps"]]


def test_a_pickup_is_told_from_the_order_to_the_case(session, shop, members):
    member, me, other = members
    now = clock.now()
    order = make.order_online(session, shop, member, now, milk=2)
    assert _story(me, order)["may"] == {
        "pay": True, "cancel": True, "ask_to_cancel": False, "receive": [], "aftersale": [], "buy_again": False,
        "invoice": False,
    }  # fmt: skip
    make.pay_online(session, shop, order, now)
    paid = _story(me, order)
    assert (paid["may"]["pay"], paid["may"]["cancel"], paid["may"]["aftersale"]) == (False, True, ["unshipped_refund"])
    make.collect_online(session, shop, order, now)
    wish = {"order_id": order, "kind": "return_refund", "cause": "unwanted", "lines": [{"line_no": 1, "qty": 1}]}
    case = me.post("/api/mall/aftersales", **wish).json["case"]["id"]
    told = _story(me, order)
    assert _events(told) == [
        "order.placed", "order.paid", "parcel.assigned", "parcel.accepted", "parcel.filled", "parcel.readied",
        "parcel.collected", "order.completed", "applied",
    ]  # fmt: skip
    assert [(step["case_id"], step["store_name"]) for step in told["steps"][-3:]] == [
        (None, told["why"][0]["store_name"]), (None, ""), (case, "")]  # fmt: skip
    assert [(one["because"], one["others"]) for one in told["why"]] == [("chosen", 0)]
    assert [(one["id"], one["state"], one["asked_fen"]) for one in told["cases"]] == [(case, "applied", 990)]
    assert told["may"] == {
        "pay": False, "cancel": False, "ask_to_cancel": False, "receive": [], "buy_again": True,
        "invoice": False,
        "aftersale": ["return_refund", "refund_only", "exchange", "resend", "price_protection"],
    }  # fmt: skip
    assert other.get(f"/api/mall/orders/{order}/story").status_code == 404


def test_what_is_too_late_or_all_asked_for_is_not_offered(session, shop, members):
    member, me, _ = members
    now = clock.now()
    order = make.order_online(session, shop, member, now, milk=1)
    make.pay_online(session, shop, order, now)
    make.collect_online(session, shop, order, now)
    wish = {"order_id": order, "kind": "return_refund", "cause": "unwanted", "lines": [{"line_no": 1, "qty": 1}]}
    case = me.post("/api/mall/aftersales", **wish).json["case"]["id"]
    assert _story(me, order)["may"]["aftersale"] == ["price_protection"]
    me.post(f"/api/mall/aftersales/{case}/cancel")
    assert "return_refund" in _story(me, order)["may"]["aftersale"]
    session.execute(text("UPDATE sale_order SET closed_at = :at, paid_at = :at"), {"at": now - timedelta(days=31)})
    session.commit()
    assert _story(me, order)["may"]["aftersale"] == []


def test_a_reason_to_cancel_stands_in_the_story_and_another_word_cancels_nothing(session, shop, members):
    member, me, _ = members
    now = clock.now()
    order = make.order_online(session, shop, member, now, milk=1)
    make.pay_online(session, shop, order, now)
    refused = me.post(f"/api/mall/orders/{order}/cancel", reason="because")
    assert (refused.status_code, me.get(f"/api/mall/orders/{order}").json["order"]["state"]) == (422, "paid")
    assert me.post(f"/api/mall/orders/{order}/cancel", reason="changed_mind").json["order"]["state"] == "cancelled"
    told = _story(me, order)
    assert ("order.cancelled", "changed_mind") in [(step["event"], step["reason"]) for step in told["steps"]]
    assert told["may"]["buy_again"]


def test_what_is_on_its_way_is_confirmed_once_and_by_its_own_customer(session, shop, members):
    member, me, other = members
    now = clock.now()
    order = make.order_online(session, shop, member, now, milk=1)
    make.pay_online(session, shop, order, now)
    parcel = make.parcel(session, order).id
    path = f"/api/mall/orders/{order}/parcels/{parcel}/received"
    early = me.post(path)
    assert (early.status_code, early.json["code"], early.json["facts"]["event"]) == (409, "wrong_state", "deliver")
    session.execute(text("UPDATE parcel SET mode = 'delivery', state = 'handed', handed_at = :now"), {"now": now})
    session.commit()
    assert _story(me, order)["may"]["receive"] == [parcel]
    assert other.post(path).status_code == 404
    assert session.execute(text("SELECT state FROM parcel")).scalar_one() == "handed"
    session.rollback()
    assert me.post(path).json["order"]["state"] == "done"
    assert (me.post(path).status_code, _story(me, order)["may"]["receive"]) == (409, [])
    assert _events(_story(me, order))[-2:] == ["parcel.delivered", "order.completed"]
