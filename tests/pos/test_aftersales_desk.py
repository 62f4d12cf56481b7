"""After-sales as the store does it, over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from pos.http import who
from tests import factories as make
from tests.pos.conftest import Client
from trade.orders.aftersales import answer, apply
from trade.orders.aftersales.states import Cause, Kind
from trade.orders.numbers import number


@pytest.fixture
def order(session, shop):
    """An order of 3 milk that was fetched."""
    now = clock.now()
    member = make.a_member(session, points_of=500, now=now)
    made = make.order_online(session, shop, member, now, milk=3)
    make.pay_online(session, shop, made, now)
    make.collect_online(session, shop, made, now)
    return made


@pytest.fixture
def asked(session, shop, order):
    """Open a case of the order; returns its id."""

    def ask(kind, units=None, fens=None, cause=Cause.UNWANTED):
        wish = apply.Wish(Kind(kind), Cause(cause), units or {}, fens or {})
        with transaction(session):
            member = session.execute(text("SELECT member_id FROM sale_order")).scalar_one()
            by = {"member_id": member, "actor": "t", "now": clock.now()}
            return answer.ask(session, shop.store_id, order, wish, **by).id

    return ask


@pytest.fixture
def elsewhere(session, app, shop):
    """The staff of another store."""
    other = make.open_shop(session, code="S2", stock_of={"milk": 5}, now=clock.now())

    def signed_in(role):
        made = Client(app, other.till_token)
        assert made.sign_in(f"{role}-S2").status_code == 200
        return made

    return signed_in


def test_a_case_by_its_clock_is_granted_received_and_inspected(client, asked, session, shop):
    case = asked("return_refund", {1: 2})
    desk, staff = client("store_manager"), client("store_staff")
    listed = desk.get("/api/desk/aftersales")
    assert [(one["id"], one["state"]) for one in listed.json["cases"]] == [(case, "applied")]
    assert listed.json["cases"][0]["due_by"] is not None
    same = desk.get("/api/desk/aftersales", headers={"If-None-Match": listed.headers["ETag"]})
    assert same.status_code == 304
    path = f"/api/desk/aftersales/{case}"
    assert staff.post(f"{path}/approve").json["code"] == "not_permitted"
    assert desk.ask(f"{path}/preview", {"fault": True}).json["preview"]["refund_fen"] == 1980
    assert desk.post(f"{path}/approve", {"fault": True}).json["case"]["state"] == "wait_return"
    assert staff.post(f"{path}/receive").json["case"]["state"] == "received"
    lines = [{"line_no": 1, "sellable": 1, "quarantine": 1}]
    due = staff.ask(f"{path}/preview", {"lines": lines}).json["preview"]["refund_fen"]
    refused = staff.post(f"{path}/inspect", {"lines": lines, "expected_refund_fen": due + 1})
    assert refused.json["code"] == "refund_changed"
    body = {"lines": lines, "expected_refund_fen": due, "request_id": "0" * 32}
    done = staff.http.post(f"{path}/inspect", json=body, headers=staff.headers).json["case"]
    assert (done["state"], done["refund"]["refund_fen"], done["lines"][0]["quarantine_qty"]) == ("refunding", 1980, 1)
    assert staff.http.post(f"{path}/inspect", json=body, headers=staff.headers).json["case"] == done
    level = session.execute(text("SELECT on_hand, quarantine FROM stock_level WHERE sku_id = :s"), {
        "s": shop.skus["milk"]}).one()  # fmt: skip
    assert level == (4, 1)
    wrong = desk.post(f"{path}/reject", {"reason": "late"}).json
    assert (wrong["code"], wrong["facts"]["state"]) == ("wrong_state", "refunding")


def test_no_is_said_with_a_reason_and_the_head_office_has_the_last_word(client, asked, session, app):
    case = asked("refund_only", fens={1: 500}, cause="quality")
    desk, office = client("store_manager"), Client(app)
    assert office.sign_in("head_office-S1").status_code == 200
    path = f"/api/desk/aftersales/{case}"
    assert desk.post(f"{path}/reject", {"reason": ""}).status_code == 422
    assert desk.post(f"{path}/reject", {"reason": "no picture"}).json["case"]["reason"] == "no picture"
    assert [one["id"] for one in desk.get("/api/desk/aftersales?closed=true").json["cases"]] == [case]
    with transaction(session):
        answer.appeal(session, *session.execute(text("SELECT store_id, id FROM aftersale_case")).one(), actor="t",
                      now=clock.now())  # fmt: skip
    assert [one["id"] for one in office.get("/api/desk/aftersales/arbitration").json["cases"]] == [case]
    assert desk.get("/api/desk/aftersales/arbitration").json["code"] == "not_permitted"
    assert desk.ask(f"/api/desk/aftersales/arbitration/{case}/preview", {}).json["code"] == "not_permitted"
    weighed = office.ask(f"/api/desk/aftersales/arbitration/{case}/preview", {"fault": False}).json["preview"]
    assert (weighed["refund_fen"], weighed["fault"]) == (500, False)
    assert desk.post(f"{path}/grant").json["code"] == "not_permitted"
    assert office.post(f"{path}/grant", {"expected_refund_fen": 500}).json["case"]["state"] == "refunding"
    assert office.post(f"{path}/dismiss", {"reason": "too late"}).json["facts"]["state"] == "refunding"


def test_another_store_does_not_see_a_case_but_may_take_its_goods(client, asked, elsewhere):
    case = asked("return_refund", {1: 1})
    there = elsewhere("store_manager")
    path = f"/api/desk/aftersales/{case}"
    assert there.get("/api/desk/aftersales").json["cases"] == []
    assert there.get(path).status_code == 404
    for step, body in (("approve", {}), ("reject", {"reason": "x"}), ("turn-away", {"reason": "x"}),
                       ("inspect", {"lines": [{"line_no": 1, "sellable": 1}]})):  # fmt: skip
        assert there.post(f"{path}/{step}", body).status_code == 404, step
    assert there.ask(f"{path}/preview", {}).status_code == 404
    assert there.post(f"{path}/receive").json["code"] == "wrong_state"
    client("store_manager").post(f"{path}/approve")
    assert there.post(f"{path}/receive").json["case"]["at_store_name"] == "通店S2"
    done = there.post(f"{path}/inspect", {"lines": [{"line_no": 1, "written_off": 1}]}).json["case"]
    assert (done["state"], done["lines"][0]["written_off_qty"]) == ("refunding", 1)


def test_an_order_of_any_store_comes_back_over_the_counter(shop, order, elsewhere, session, client, asked):
    there, no = elsewhere("cashier"), number(shop.store_id, order)
    seen = there.get(f"/api/desk/aftersales/orders/{no}").json["order"]
    assert [(line["qty"], line["net_fen"], line["left_qty"]) for line in seen["lines"]] == [(3, 2970, 3)]
    body = {"order_no": no, "cause": "damaged", "lines": [{"line_no": 1, "sellable": 1, "quarantine": 1}]}
    shown = there.ask("/api/desk/aftersales/in-store/preview", body).json
    assert (shown["preview"]["refund_fen"], shown["fault"]) == (1980, True)
    assert [part["kind"] for part in shown["preview"]["refunds"]] == ["wechat"]
    wrong = there.post("/api/desk/aftersales/in-store", {**body, "expected_refund_fen": 1})
    assert wrong.json["code"] == "refund_changed"
    case = there.post("/api/desk/aftersales/in-store", {**body, "expected_refund_fen": 1980})
    assert (case.status_code, case.json["case"]["state"], case.json["case"]["kind"]) == (201, "refunding", "in_store")
    asked("return_refund", {1: 1})
    body["lines"] = [{"line_no": 1, "sellable": 1}]
    locked = there.post("/api/desk/aftersales/in-store", {**body, "expected_refund_fen": 990})
    assert locked.json["code"] == "aftersale_open"
    left = there.get(f"/api/desk/aftersales/orders/{no}").json["order"]["lines"][0]
    assert (left["left_qty"], left["asked_qty"], left["returned_qty"]) == (0, 1, 2)
    assert there.get("/api/desk/aftersales/orders/123").status_code == 404
    assert session.execute(text("SELECT sum(refund_fen) FROM sale_return")).scalar_one() == 1980


def test_a_till_sale_gives_cash_out_of_the_drawer_of_this_till(client, shop, session):
    order = make.ring_up(session, shop, clock.now(), milk=2)
    body = {"order_no": number(shop.store_id, order), "cause": "unwanted", "lines": [{"line_no": 1, "sellable": 1}]}
    cashier = client("cashier")
    done = cashier.post("/api/desk/aftersales/in-store", {**body, "expected_refund_fen": 990}).json["case"]
    assert (done["state"], done["refund"]["parts"][0]["kind"]) == ("done", "cash")
    who._tills.clear()
    cashier.headers.pop("X-Till-Token")
    no_drawer = cashier.post("/api/desk/aftersales/in-store", {**body, "expected_refund_fen": 990})
    assert no_drawer.json["code"] == "shift_not_open"
    assert session.execute(text("SELECT sum(amount_fen) FROM refund")).scalar_one() == 990


def test_what_is_sent_again_is_a_parcel_on_the_desk(client, asked, elsewhere, session):
    case, desk = asked("resend", {1: 1}, cause=Cause.MISSING), client("store_manager")
    path = f"/api/desk/aftersales/{case}"
    assert desk.post(f"{path}/send-out").json["code"] == "wrong_state"
    desk.post(f"{path}/approve")
    assert elsewhere("store_manager").post(f"{path}/send-out").status_code == 404
    assert desk.post(f"{path}/send-out").json["case"]["state"] == "done"
    assert session.execute(text("SELECT sum(qty) FROM stock_hold")).scalar_one() == 1
    session.rollback()
    assert client("store_staff").post(f"{path}/withdraw").json["code"] == "not_permitted"
    assert desk.post(f"{path}/withdraw").json["case"]["state"] == "approved"
    assert session.execute(text("SELECT count(*) FROM stock_hold")).scalar_one() == 0
