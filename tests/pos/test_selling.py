from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.pos import drawer
from tests.pos.conftest import Client
from trade.stores.models import Role


def _basket(shop, **goods):
    return {"lines": [{"sku_id": shop.skus[name], "qty": qty} for name, qty in goods.items()]}


def _sale(shop, due, received=None, **goods):
    return {
        **_basket(shop, **goods),
        "expected_payable_fen": due,
        "tenders": [{"kind": "cash", "received_fen": received or due}],
    }


def test_a_cashier_scans_sells_and_prints(client, shop):
    till = client()
    item = till.get(f"/api/pos/scan/{make.BARCODES['milk']}").json["item"]
    assert (item["price_fen"], item["free"], item["qty"]) == (990, 5, 1)
    quote = till.ask("/api/pos/quote", _basket(shop, milk=2)).json["quote"]
    assert quote["payable_fen"] == 1980
    answer = till.post("/api/pos/sales", _sale(shop, 1980, 2000, milk=2))
    assert answer.status_code == 201
    receipt = answer.json["receipt"]
    assert receipt["tenders"] == [
        {"kind": "cash", "amount_fen": 1980, "received_fen": 2000, "change_fen": 20, "state": "paid"}
    ]
    page = till.paper(receipt["no"], width=58)
    assert "商品milk" in page.text
    assert page.mimetype == "text/html"
    data = till.paper(receipt["no"], "escpos").data
    assert "合计".encode("gb18030") in data
    assert data.startswith(b"\x1b@")


def test_a_retry_gets_the_first_receipt_and_another_body_is_refused(client, shop):
    till = client()
    body = {**_sale(shop, 990, milk=1), "request_id": "a" * 32}
    first, second = till.post("/api/pos/sales", body), till.post("/api/pos/sales", body)
    assert first.json == second.json
    other = till.post("/api/pos/sales", {**_sale(shop, 1980, milk=2), "request_id": "a" * 32})
    assert (other.status_code, other.json["code"]) == (422, "request_id_reused")
    assert till.get(f"/api/pos/scan/{make.BARCODES['milk']}").json["item"]["free"] == 4


def test_a_scale_label_gives_its_grams(client, shop):
    from config.gs1 import check_digit

    label = "200004200530"
    item = client().get(f"/api/pos/scan/{label}{check_digit(label)}").json["item"]
    assert (item["sku_id"], item["qty"], item["weighed"]) == (shop.skus["apple"], 530, True)


def test_a_case_is_twelve_at_the_price_of_twelve(session, client, shop):
    """Its own barcode gives the units, and the price from twelve on is the case's."""
    case, milk = "16901234567899", shop.skus["milk"]
    with transaction(session):
        session.execute(
            text("INSERT INTO barcode (code, sku_id, units) VALUES (:code, :sku, 12)"), {"code": case, "sku": milk}
        )
        session.execute(text("UPDATE price SET steps = '[[12, 900]]' WHERE sku_id = :sku"), {"sku": milk})
    item = client().get(f"/api/pos/scan/{case}").json["item"]
    assert (item["sku_id"], item["qty"], item["steps"]) == (milk, 12, [[12, 900]])
    quote = client().ask("/api/pos/quote", {"lines": [{"sku_id": milk, "qty": 12}]}).json["quote"]
    assert quote["payable_fen"] == 10_800


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("6900000000001", 404, "unknown_code"),
        ("2000042005301", 422, "bad_check_digit"),
        ("012345678905", 404, "unknown_code"),
    ],
)
def test_a_code_that_is_not_sold_says_what_to_do(client, code, status, said):
    answer = client().get(f"/api/pos/scan/{code}")
    assert (answer.status_code, answer.json["code"]) == (status, said)
    assert answer.json["message"]


def test_the_till_searches_by_pinyin_and_by_barcode(client):
    till = client()
    assert [item["name"] for item in till.get("/api/pos/search?q=spmi").json["items"]] == ["商品milk"]
    assert len(till.get("/api/pos/search?q=690123456").json["items"]) == 2
    assert till.get("/api/pos/search?q=%25").json["items"] != []


def test_a_member_joins_is_found_and_earns(client, shop):
    till = client()
    joined = till.post("/api/pos/members", {"phone": "138 1234 2046", "name": "王小明"}).json["member"]
    assert (joined["name"], joined["phone"]) == ("王**", "138****2046")
    for words in ("13812342046", joined["no"]):
        assert [found["id"] for found in till.get(f"/api/pos/members?q={words}").json["members"]] == [joined["id"]]
    sold = till.post("/api/pos/sales", {**_sale(shop, 990, milk=1), "member_id": joined["id"]}).json["receipt"]
    assert sold["member"]["points"] == 9
    far = till.get("/api/pos/members?q=13812342046").json["members"][0]["tier_progress"]
    assert (far["name_zh"], far["next"]["code"], far["next"]["missing"]) == ("普通会员", "silver", 1000)
    assert till.get("/api/pos/members?q=123").json["code"] == "bad_phone"


def test_a_discount_above_the_roles_limit_asks_for_a_manager(client, shop):
    body = {**_basket(shop, milk=2), "discount_fen": 500}
    asks = client().ask("/api/pos/quote", body).json["quote"]["needs_approval"]
    assert asks == {"action": "discount", "max_fen": 99}
    assert client("store_manager").ask("/api/pos/quote", body).json["quote"]["payable_fen"] == 1480
    sale = {**_sale(shop, 1480, milk=2), "discount_fen": 500}
    assert client().post("/api/pos/sales", sale).json["code"] == "discount_needs_approval"
    assert client("store_manager").post("/api/pos/sales", sale).status_code == 201


def test_a_return_shows_its_consequences_first(client, shop):
    till = client()
    no = till.post("/api/pos/sales", _sale(shop, 1980, milk=2)).json["receipt"]["no"]
    back = {"order_no": no, "lines": [{"line_no": 1, "qty": 1}]}
    plan = till.ask("/api/pos/returns/preview", back).json["preview"]
    assert (plan["refund_fen"], plan["refunds"]) == (990, [{"kind": "cash", "amount_fen": 990}])
    assert plan["tier_after"] is None
    done = till.post("/api/pos/returns", {**back, "expected_refund_fen": 990})
    assert done.status_code == 201
    assert till.get(f"/api/pos/receipts/{no}").json["receipt"]["lines"][0]["returned_qty"] == 1
    again = till.post(f"/api/pos/receipts/{no}/copies").json["receipt"]
    assert [back["refund_fen"] for back in again["returns"]] == [990]
    assert "退货" not in till.get(f"/api/pos/receipts/{no}/print").text, "the original says what was then"
    assert till.get("/api/pos/receipts/12").json["code"] == "not_found"


def test_a_return_shows_what_promotions_ask_back_and_nothing_at_our_fault(client, session, shop, now):
    """Complaint 4.13: five bought for the price of a threshold, four brought back."""
    make.a_promotion(session, now, name="满40减10", steps=[[4000, 1000]], on_return="re_evaluate")
    till = client()
    no = till.post("/api/pos/sales", _sale(shop, 3950, milk=5)).json["receipt"]["no"]
    back = {"order_no": no, "lines": [{"line_no": 1, "qty": 4}]}
    plan = till.ask("/api/pos/returns/preview", back).json["preview"]
    said = ("keep_fen", "re_evaluate_fen", "withheld_gift_fen", "promotions_withheld_fen", "on_return", "refund_fen")
    assert [plan[name] for name in said] == [3160, 2960, 0, 200, "re_evaluate", 2960]
    assert till.post("/api/pos/returns", {**back, "expected_refund_fen": 3160}).json["code"] == "refund_changed"
    assert till.get(f"/api/pos/receipts/{no}").json["receipt"]["returns"] == []
    ours = {**back, "fault": True}
    assert till.ask("/api/pos/returns/preview", ours).json["preview"]["refund_fen"] == 3160
    assert till.post("/api/pos/returns", {**ours, "expected_refund_fen": 3160}).json["return"]["fault"] is True


def test_the_drawer_is_counted_blind(client, shop):
    till = client()
    till.post("/api/pos/sales", _sale(shop, 990, 1000, milk=1))
    shift = till.get("/api/pos/shift").json["shift"]
    assert (shift["expected_fen"], shift["sales"]) == (None, 1)
    counted = drawer.count(till, shop, 20_980)
    assert (counted["state"], counted["differs"]) == ("counted", True)
    assert (counted["expected_fen"], counted["difference_fen"]) == (None, None)
    told = till.post(f"/api/pos/shifts/{shift['id']}/keep").json["shift"]
    assert (told["state"], told["expected_fen"], told["difference_fen"]) == ("sealed", 20_990, -10)
    assert till.post("/api/pos/sales", _sale(shop, 990, milk=1)).json["code"] == "shift_not_open"
    settled = till.post(f"/api/pos/shifts/{shift['id']}/settle").json
    assert (settled["shift"]["state"], settled["z"][0]["z_no"]) == ("settled", 1)
    again = till.post(f"/api/pos/shifts/{shift['id']}/settle").json
    assert (again["code"], again["facts"]["state"]) == ("wrong_state", "settled")
    assert till.post("/api/pos/shift/open", drawer.opening(100)).json["shift"]["float_fen"] == 100


def test_signing_in_switching_and_signing_out(app, shop):
    till = Client(app, shop.till_token)
    assert till.get("/api/staff/me").json["code"] == "not_signed_in"
    assert till.sign_in("cashier-S1", "wrong").json["code"] == "wrong_password"
    assert till.sign_in("nobody").json["code"] == "wrong_password"
    assert till.sign_in("cashier-S1").json["staff"]["role"] == "cashier"
    assert till.get("/api/pos/tills").json["tills"][0]["registered"] is True
    assert till.post(f"/api/pos/tills/{shop.till_id}/register").json["code"] == "not_permitted"
    colleagues = till.get("/api/pos/till").json["colleagues"]
    manager = next(one for one in colleagues if one["role"] == "store_manager")
    assert till.post("/api/pos/pin", {"staff_id": manager["id"], "pin": "000000"}).json["facts"] == {"tries_left": 4}
    switched = till.post("/api/pos/pin", {"staff_id": manager["id"], "pin": make.PIN}).json["staff"]
    assert switched["role"] == "store_manager"
    assert till.post("/api/pos/pin", {"staff_id": 999, "pin": make.PIN}).json["code"] == "not_found"
    token = till.post(f"/api/pos/tills/{shop.till_id}/register").json["token"]
    assert Client(app, token).get("/api/pos/till").status_code == 200
    assert till.post("/api/pos/tills/999/register").json["code"] == "not_found"
    assert till.post("/api/staff/logout").status_code == 200
    assert till.get("/api/staff/me").status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/api/pos/pin", {"pin": "000000"}, "pin_locked"),
        ("/api/staff/login", {"login": "x", "password": "y"}, "login_locked"),
    ],
)
def test_five_wrong_tries_lock(app, shop, path, body, code):
    till = Client(app, shop.till_token)
    body = {**body, **({"staff_id": shop.people[Role.CASHIER]} if "pin" in body else {})}
    for _ in range(5):
        assert till.post(path, body).status_code == 401
    assert till.post(path, body).json["code"] == code


def test_bad_input_names_its_fields(client, shop):
    till = client()
    answer = till.post("/api/pos/sales", {"lines": [{"sku_id": 1, "qty": 0}], "what": 1})
    assert (answer.status_code, answer.json["code"]) == (422, "malformed")
    assert answer.json["facts"]["fields"]
    broken = till.http.post("/api/pos/quote", data="{", headers={**till.headers, "Content-Type": "application/json"})
    assert broken.status_code in (400, 422)
    assert till.get("/nowhere").json["code"] == "not_found"
    assert till.http.delete("/api/staff/me", headers=till.headers).json["code"] == "wrong_method"


def test_a_write_without_our_header_is_refused(client, shop):
    till = client()
    answer = till.http.post("/api/pos/quote", json=_basket(shop, milk=1))
    assert (answer.status_code, answer.json["code"]) == (403, "csrf_missing")


def test_an_unregistered_device_and_another_stores_staff_cannot_sell(app, client, session, shop):
    from config import clock

    other = make.open_shop(session, code="S2", now=clock.now())
    stranger = Client(app, other.till_token)
    assert stranger.sign_in("cashier-S1").status_code == 200
    assert stranger.get("/api/pos/shift").json["code"] == "not_permitted"
    assert Client(app).get("/api/pos/till").json["code"] == "no_till"


def test_health_and_metrics_answer(app, shop):
    http = Client(app)
    assert http.get("/healthz").json == {"status": "ok"}
    assert http.get("/readyz").json == {"status": "ready"}
    assert "tongdian_http_seconds_count" in http.get("/metrics").text


def test_the_till_sells_by_the_signed_quote_and_without_what_is_barred(session, client, shop):
    rule = make.a_promotion(session, clock.now(), steps=[[1000, 300]])
    till = client()
    asked = _basket(shop, milk=2)
    quote = till.ask("/api/pos/quote", asked).json["quote"]
    assert (quote["payable_fen"], quote["promotions"][0]["rule_id"]) == (1_680, rule)
    barred = {**_sale(shop, 1_980, milk=2), "barred": [rule]}
    other = till.post("/api/pos/sales", {**barred, "token": quote["token"]})
    assert (other.status_code, other.json["code"]) == (409, "quote_of_another_basket")
    forged = till.post("/api/pos/sales", {**barred, "token": quote["token"] + "A"})
    assert (forged.status_code, forged.json["code"]) == (422, "quote_forged")
    token = other.json["facts"]["quote"]["token"]
    assert till.post("/api/pos/sales", {**barred, "token": token}).json["receipt"]["payable_fen"] == 1_980
    sold = till.post("/api/pos/sales", {**_sale(shop, 1_680, milk=2), "token": quote["token"]})
    assert sold.json["receipt"]["payable_fen"] == 1_680


def test_the_receipt_names_the_promotions_the_gift_and_what_was_saved(session, client, shop):
    gift = {"kind": "gift", "steps": [[100, 0]], "gifts": [[shop.skus["bread"], 1]], "name": "满1赠面包"}
    for form in ({"steps": [[1000, 300]], "name": "全场满10减3"}, gift):
        make.a_promotion(session, clock.now(), **form)
    till = client()
    receipt = till.post("/api/pos/sales", _sale(shop, 1_680, milk=2)).json["receipt"]
    assert [(one["name"], one["off_fen"]) for one in receipt["promotions"]] == [
        ("全场满10减3", 300),
        ("满1赠面包", 650),
    ]
    assert [(line["gift"], line["net_fen"]) for line in receipt["lines"]] == [(False, 1_680), (True, 0)]
    assert (receipt["list_fen"], receipt["payable_fen"]) == (2_630, 1_680)
    for width in (58, 80):
        page = till.paper(receipt["no"], width=width).text
        for words in ("【赠品】商品bread", "全场满10减3", "-3.00", "满1赠面包", "-6.50", "已优惠"):
            assert words in page, words
    escpos = till.paper(receipt["no"], "escpos").data.decode("gb18030", "replace")
    assert re.search(r"全场满10减3 +-3\.00\n满1赠面包 +-6\.50\n应付 +￥16\.80\n已优惠 +9\.50\n", escpos)
