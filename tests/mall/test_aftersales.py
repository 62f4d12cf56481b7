"""After-sales as the customer meets it, over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make


@pytest.fixture
def bought(session, shop, signed_in):
    """A member with an order of 3 milk and 1 bread that they fetched, and one that is paid; and somebody else."""
    now = clock.now()
    member = make.a_member(session, points_of=500, now=now)
    other = make.a_member(session, phone="13900000002", now=now)
    done = make.order_online(session, shop, member, now, points_used=300, milk=3, bread=1)
    make.pay_online(session, shop, done, now)
    make.collect_online(session, shop, done, now)
    paid = make.order_online(session, shop, member, now, milk=2)
    make.pay_online(session, shop, paid, now)
    return signed_in(member), signed_in(other, "oTongdian0002"), done, paid


def _line(line_no, qty=0, amount_fen=0):
    return {"line_no": line_no, "qty": qty, "amount_fen": amount_fen}


def test_a_return_from_preview_to_the_parcel_that_is_sent_back(bought):
    me, _, done, _ = bought
    lines = me.get(f"/api/mall/aftersales/orders/{done}").json["order"]["lines"]
    assert [(line["left_qty"], line["left_fen"]) for line in lines] == [(3, 2724), (1, 596)]
    wish = {"order_id": done, "kind": "return_refund", "cause": "unwanted", "lines": [_line(1, 2)]}
    shown = me.ask("/api/mall/aftersales/preview", **wish).json
    plan = shown["preview"]
    assert (plan["refund_fen"], plan["points_back"], plan["points_clawed"]) == (1816, 164, 18)
    assert (plan["keep_fen"], plan["re_evaluate_fen"], shown["fault"]) == (1816, 1816, False)
    made = me.post("/api/mall/aftersales", **wish, words="不想要了")
    assert made.status_code == 201
    case = made.json["case"]
    assert (case["state"], case["asked_fen"], case["lines"][0]["qty"]) == ("applied", 1816, 2)
    assert {"cancel"} <= set(case["may"])
    again = me.post("/api/mall/aftersales", **wish)
    assert (again.status_code, again.json["code"]) == (409, "aftersale_open")
    assert me.post(f"/api/mall/aftersales/{case['id']}/ship", carrier="SF", tracking_no="SF1234").json["facts"] == {
        "case_id": case["id"], "kind": "return_refund", "state": "applied", "event": "ship"}  # fmt: skip
    assert me.get(f"/api/mall/aftersales?order_id={done}").json["cases"][0]["id"] == case["id"]
    assert me.post(f"/api/mall/aftersales/{case['id']}/cancel").json["case"]["state"] == "cancelled"


def test_units_of_a_paid_order_go_back_at_once(bought, session):
    me, _, _, paid = bought
    wish = {"order_id": paid, "kind": "unshipped_refund", "cause": "unwanted", "lines": [_line(1, 1)]}
    case = me.post("/api/mall/aftersales", **wish).json["case"]
    assert (case["state"], case["refund"]["refund_fen"]) == ("refunding", 990)
    assert case["refund"]["parts"] == [{"kind": "wechat", "state": "requested", "amount_fen": 990}]
    assert session.execute(text("SELECT sum(qty) FROM stock_hold")).scalar_one() == 1


def test_somebody_else_sees_and_moves_nothing(bought, guest, session):
    me, other, done, _ = bought
    wish = {"order_id": done, "kind": "refund_only", "cause": "damaged", "lines": [_line(1, amount_fen=100)]}
    case = me.post("/api/mall/aftersales", **wish).json["case"]["id"]
    answers = [
        other.get(f"/api/mall/aftersales/orders/{done}"),
        other.ask("/api/mall/aftersales/preview", **wish),
        other.post("/api/mall/aftersales", **wish),
        other.get(f"/api/mall/aftersales/{case}"),
        other.post(f"/api/mall/aftersales/{case}/cancel"),
        other.post(f"/api/mall/aftersales/{case}/appeal"),
        other.post(f"/api/mall/aftersales/{case}/ship", carrier="SF", tracking_no="SF1234"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 7
    assert other.get("/api/mall/aftersales").json["cases"] == []
    assert guest.post("/api/mall/aftersales", **wish).status_code == 401
    assert session.execute(text("SELECT count(*), min(state) FROM aftersale_case")).one() == (1, "applied")


@pytest.mark.parametrize(
    ("kind", "lines", "status", "code"),
    [
        ("refund_only", [_line(1, amount_fen=2725)], 409, "too_much_refunded"),
        ("refund_only", [_line(1, 1)], 422, "malformed"),
        ("return_refund", [_line(1, 4)], 409, "too_much_returned"),
        ("return_refund", [_line(7, 1)], 404, "not_found"),
        ("unshipped_refund", [_line(1, 1)], 409, "wrong_state"),
        ("price_protection", [], 409, "no_price_drop"),
        ("in_store", [_line(1, 1)], 422, "malformed"),
    ],
)
def test_what_cannot_be_asked_says_why_and_opens_nothing(bought, session, kind, lines, status, code):
    me, _, done, _ = bought
    for ask in (me.ask("/api/mall/aftersales/preview", order_id=done, kind=kind, cause="other", lines=lines),
                me.post("/api/mall/aftersales", order_id=done, kind=kind, cause="other", lines=lines)):  # fmt: skip
        assert (ask.status_code, ask.json["code"]) == (status, code)
    assert session.execute(text("SELECT count(*) FROM aftersale_case")).scalar_one() == 0


def test_an_exchange_shows_that_nothing_goes_back(bought):
    me, _, done, _ = bought
    wish = {"order_id": done, "kind": "exchange", "cause": "wrong_item", "lines": [_line(2, 1)]}
    shown = me.ask("/api/mall/aftersales/preview", **wish).json
    assert (shown["preview"], shown["fault"]) == (None, True)
    assert me.post("/api/mall/aftersales", **wish).json["case"]["asked_fen"] == 0
