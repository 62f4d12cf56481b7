"""Other stores' stock at the till, and what is sold from it."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.stories import books
from tests.trade.fulfilment import chain
from tests.wechat_stand_in.pay import codepay
from workers.jobs import watch_codes


@pytest.fixture
def other(session, shop):
    made = make.open_shop(session, code="S2", stock_of={"milk": 3, "bread": 4}, now=clock.now())
    chain.do(session, "UPDATE store SET lat_e6 = lat_e6 + 18000 WHERE id = :id", id=made.store_id)
    chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")
    chain.do(session, "UPDATE stock_level SET safety = 1 WHERE store_id = :id", id=made.store_id)
    return made


def _sale(shop, other, due, *tenders, milk=1, bread=2, **more):
    lines = [
        {"sku_id": shop.skus["milk"], "qty": milk},
        {"sku_id": shop.skus["bread"], "qty": bread, "at_store_id": other.store_id},
    ]
    paid = list(tenders) or [{"kind": "cash", "received_fen": due}]
    return {"lines": lines, "expected_payable_fen": due, "tenders": paid, **more}


def _level(session, shop, name):
    said = "SELECT on_hand, held, committed FROM stock_level WHERE store_id = :store AND sku_id = :sku"
    return tuple(session.execute(text(said), {"store": shop.store_id, "sku": shop.skus[name]}).one())


def test_where_else_it_is_how_much_how_far_and_how_old_the_figure_is(client, shop, other):
    """3.14: what may be promised is on hand less promised less safety; the nearest first; oneself is not among them."""
    far = make.BARCODES["bread"]
    sku = client().get(f"/api/pos/scan/{far}").json["item"]["sku_id"]
    (there,) = client().get(f"/api/pos/skus/{sku}/stores").json["stores"]
    assert (there["store_id"], there["free"], there["open"], there["modes"]) == (
        other.store_id, 3, True, ["pickup", "delivery", "ship"],
    )  # fmt: skip
    assert 1990 < there["distance_m"] < 2010 and there["figure_at"] is not None


def test_one_ticket_for_both_stores_and_the_code_is_in_no_remembered_answer(client, session, shop, other):
    till = client()
    body = {**_sale(shop, other, 2290), "request_id": "a" * 32}
    answer = till.post("/api/pos/sales", body)
    assert answer.status_code == 201, answer.json
    (away,) = answer.json["receipt"]["elsewhere"]
    code = away["pickup_code"]
    assert (away["store_name"], len(code)) == ("通店S2", 8)
    kept = session.execute(text("SELECT answer::text FROM request_answer WHERE request_id = :id"), {"id": "a" * 32})
    assert code not in kept.scalar_one()
    assert till.post("/api/pos/sales", body).json == answer.json
    no = answer.json["receipt"]["no"]
    paper = till.paper(no).text
    assert "他店自提" in paper and f"{code[:4]} {code[4:]}" in paper and "商品bread" in paper
    assert (_level(session, shop, "milk"), _level(session, other, "bread")) == ((4, 0, 0), (4, 0, 2))
    assert books(session) == {}


def test_a_temporary_item_is_carried_out_beside_what_another_store_hands_over(client, session, shop, other):
    asked = {"name": "手工凉皮", "price_fen": 850}
    item = client("store_manager").post("/api/pos/temporary-items", asked).json["item"]
    body = _sale(shop, other, 3140)
    body["lines"].append({"sku_id": item["sku_id"], "qty": 1})
    assert client().post("/api/pos/sales", body).status_code == 201
    sold = "SELECT on_hand, held FROM stock_level WHERE sku_id = :sku"
    assert session.execute(text(sold), {"sku": item["sku_id"]}).one() == (0, 0)
    assert books(session) == {}


def test_what_is_kept_at_the_first_step_of_paying_is_what_is_sold(client, session, shop, other):
    till = client()
    line = {"sku_id": shop.skus["bread"], "qty": 3, "at_store_id": other.store_id}
    kept = till.post("/api/pos/reservations", {"lines": [line]})
    assert kept.status_code == 201, kept.json
    assert _level(session, other, "bread") == (4, 3, 0)
    refused = till.post("/api/pos/reservations", {"lines": [{**line, "qty": 4}]})
    assert (refused.status_code, refused.json["code"], refused.json["facts"]["store_id"]) == (
        409, "out_of_stock", other.store_id,
    )  # fmt: skip
    assert _level(session, other, "bread") == (4, 3, 0)
    assert till.post("/api/pos/reservations/release").json == {"released": True}
    assert _level(session, other, "bread") == (4, 0, 0)
    mine = {"lines": [{**line, "at_store_id": shop.store_id}]}
    assert till.post("/api/pos/reservations", mine).status_code == 422


def test_a_payment_code_pays_for_both_stores(client, session, shop, other, wechat):
    till = client()
    shown = codepay.show(wechat.world, "oTongdian0001")
    answer = till.post("/api/pos/sales", _sale(shop, other, 2290, {"kind": "code", "auth_code": shown}))
    assert answer.status_code == 201, answer.json
    receipt = (answer.json.get("receipt") or answer.json)["elsewhere"]
    assert receipt[0]["pickup_code"]
    assert (_level(session, shop, "milk"), _level(session, other, "bread")) == ((4, 0, 0), (4, 0, 2))
    assert books(session) == {}


def test_a_code_that_is_not_paid_frees_both_stores(client, session, shop, other, wechat):
    till = client()
    codepay.behave(wechat.world, "oTongdian0001", asked=True, types_after_s=9_999)
    shown = codepay.show(wechat.world, "oTongdian0001")
    answer = till.post("/api/pos/sales", _sale(shop, other, 2290, {"kind": "code", "auth_code": shown}))
    assert answer.status_code == 202, answer.json
    assert _level(session, other, "bread") == (4, 2, 0)
    for _ in range(40):
        wechat.later(15)
        watch_codes.run()
    states = session.execute(text("SELECT state FROM sale_order WHERE channel = 'till'")).scalars().all()
    assert states == ["cancelled"]
    assert (_level(session, shop, "milk"), _level(session, other, "bread")) == ((5, 0, 0), (4, 0, 0))
    assert books(session) == {}


def test_an_address_is_needed_for_what_is_sent(client, session, shop, other):
    till = client()
    no = till.post("/api/pos/sales", _sale(shop, other, 2290, elsewhere={"mode": "ship"}))
    assert (no.status_code, no.json["code"], no.json["facts"]["because"]) == (409, "not_elsewhere", "no_address")
    assert (_level(session, shop, "milk"), _level(session, other, "bread")) == ((5, 0, 0), (4, 0, 0))
    address = {
        "name": "王小明",
        "phone": "13812342046",
        "region": "330106",
        "region_name": "浙江省杭州市西湖区",
        "street": "文三路 1 号",
    }
    yes = till.post("/api/pos/sales", _sale(shop, other, 2290, elsewhere={"mode": "ship", "address": address}))
    assert yes.status_code == 201, yes.json
    assert yes.json["receipt"]["elsewhere"][0]["mode"] == "ship"


def test_cash_that_is_owed_is_given_out_once(client, session, shop, other):
    till = client()
    receipt = till.post("/api/pos/sales", _sale(shop, other, 2290)).json["receipt"]
    assert till.get(f"/api/pos/owed/{receipt['no']}").json == {"owed": []}
    desk = make.parcel(session, receipt["order_id"])
    signed = client("store_staff")
    signed.headers["X-Till-Token"] = ""
    assert signed.sign_in("store_staff-S2").status_code == 200
    assert signed.post(f"/api/desk/parcels/{desk.id}/accept").status_code == 200
    short = signed.post(f"/api/desk/parcels/{desk.id}/short", {"line_no": 2, "found_qty": 0, "reason": "not_found"})
    assert short.status_code == 200, short.json
    (owed,) = till.get(f"/api/pos/owed/{receipt['no']}").json["owed"]
    assert owed["amount_fen"] == 1300
    assert till.post(f"/api/pos/owed/{owed['id']}/pay-out").json == {"paid_fen": 1300}
    assert till.post(f"/api/pos/owed/{owed['id']}/pay-out").status_code == 404
    assert books(session) == {}


def test_a_basket_put_aside_remembers_which_store_hands_over_what(client, shop, other):
    till = client()
    lines = _sale(shop, other, 0)["lines"]
    held_id = str(uuid.uuid4())
    assert till.post("/api/pos/held", {"id": held_id, "lines": lines}).status_code == 201
    back = till.post(f"/api/pos/held/{held_id}/resume").json["held"]["lines"]
    assert [(one.get("at_store_id"), one.get("at_store_name")) for one in back] == [
        (None, None), (other.store_id, "通店S2"),
    ]  # fmt: skip
