from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.wechat_stand_in.app import create_app
from tests.wechat_stand_in.pay import codepay
from tests.wechat_stand_in.world import PEOPLE

ROOM = Path("tests/wechat_stand_in/phone")
ME, OTHER = PEOPLE[0]["openid"], PEOPLE[1]["openid"]


@pytest.fixture
def phone(tmp_path):
    """The stand-in with an order of 9.90 yuan that ME has not paid."""
    app = create_app(tmp_path)
    world = app.extensions["world"]
    world.orders["T1"] = {
        "out_trade_no": "T1", "prepay_id": "wx1", "state": "NOTPAY", "total": 990, "openid": ME, "description": "牛奶",
        "notify_url": "http://127.0.0.1:1/notices", "expires": time.time() + 900,
    }  # fmt: skip
    yield app
    app.extensions["notifier"].stopping.set()


def _act(app, path, **said):
    return app.test_client().post(f"/phone/{path}", json=said).get_json()


def _state(app):
    return app.extensions["world"].orders["T1"]["state"]


def test_both_languages_say_everything_that_the_pages_ask_for():
    zh, en = (json.loads((ROOM / "words" / f"{one}.json").read_text("utf-8")) for one in ("zh", "en"))
    of_faults = {key for key in zh if key.startswith("fault.")}
    assert zh.keys() - of_faults == en.keys()
    asked = {
        key
        for page in (ROOM / "templates" / "phone").glob("*.html")
        for key in re.findall(r"""\bt\(["']([a-z._A-Z]+)["'][,)]""", page.read_text("utf-8"))
    }
    assert asked and asked <= en.keys()


@pytest.mark.parametrize(
    ("said", "why"),
    [({"openid": OTHER}, "stranger"), ({"package": "prepay_id=wx2"}, "over"), ({"by": "balance"}, "short")],
)
def test_what_cannot_be_paid_is_not(phone, said, why):
    _act(phone, "settings", openid=ME, balance_yuan="9")
    given = {"package": "prepay_id=wx1", "answer": "yes", **said}
    assert _act(phone, "pay", **given) == {"pay": "cancel", "why": why}
    assert (_state(phone), phone.extensions["world"].habits_of(ME)["balance_fen"]) == ("NOTPAY", 900)


def test_a_card_pays_once_what_the_balance_does_not(phone):
    _act(phone, "settings", openid=ME, balance_yuan="9")
    assert _act(phone, "pay", package="prepay_id=wx1", answer="yes", by="card") == {"pay": "ok", "why": ""}
    assert _act(phone, "pay", package="prepay_id=wx1", answer="yes", by="card") == {"pay": "cancel", "why": "over"}
    seen = phone.test_client().get(f"/phone/api/bill?openid={ME}").get_json()["entries"]
    assert [(one["no"], one["fen"]) for one in seen] == [("T1", -990)]


def test_whoever_refuses_the_number_gives_none_unless_told_to(phone):
    _act(phone, "settings", openid=ME, refuses_phone=1)
    assert _act(phone, "number", openid=ME) == {"phone_refused": "1"}
    code = _act(phone, "number", openid=ME, answer="yes")["phone_code"]
    assert phone.extensions["world"].redeem(code, "phone") == ME


def test_a_person_follows_speaks_and_leaves(phone):
    assert _act(phone, "talk/service/say", openid=ME, text="在吗") == {"pushed": False}
    assert _act(phone, "talk/service/follow", openid=ME) == {"pushed": True}
    assert _act(phone, "talk/service/say", openid=ME, text="在吗") == {"pushed": True}
    mine = phone.test_client()
    mine.post("/phone/choose", json={"openid": ME})
    assert "在吗" in mine.get("/phone/talk/service").text
    assert _act(phone, "talk/service/unfollow", openid=ME) == {"pushed": True}
    assert [one["said"]["MsgType"] for one in phone.extensions["world"].pushes] == ["event", "text", "event"]


def test_only_links_of_the_shop_are_links_in_a_talk(phone):
    _act(phone, "talk/service/follow", openid=ME)
    talk = phone.extensions["conversation"].talk(ME)
    good = '<a data-miniprogram-path="pages/order/order?id=7&x=1" href="http://shop/x">看</a>'
    said = f'<b>积分</b> {good} <a href="javascript:1">坏</a>'
    talk += [
        {"at": 0, "by": "shop", "kind": "text", "text": said},
        {"at": 0, "by": "person", "kind": "text", "text": said},
    ]
    mine = phone.test_client()
    mine.post("/phone/choose", json={"openid": ME})
    shown = mine.get("/phone/talk/service/list").text
    assert re.findall(r'<a class="link" href="([^"]*)"', shown) == ["/phone/app?page=pages/order/order?id%3D7%26x%3D1"]
    assert "<b>积分" not in shown and "javascript" not in shown.partition("said-person")[0]


def test_the_mall_opens_as_whoever_holds_the_phone(phone):
    world, mine = phone.extensions["world"], phone.test_client()
    world.shop_url = "http://shop"
    mine.post("/phone/choose", json={"openid": ME})
    assert (
        "http://shop/mall/?wx_guest=1#/pages/order/order?id=7"
        in mine.get("/phone/app?page=pages/order/order?id=7").text
    )
    mine.post("/phone/login", json={"openid": ME})
    code = re.findall(r"wx_code=(\w+)", mine.get("/phone/app").text)[0]
    assert world.redeem(code, "login") == ME


def _charged(app, number):
    """A till charges the code on ME's screen with 1,288 yuan."""
    world = app.extensions["world"]
    world.auth_codes[_act(app, "code", openid=ME)["auth_code"]]["used"] = True
    wanted = {"out_trade_no": number, "amount": {"total": 128_800}, "description": "文三路店"}
    world.orders[number] = codepay._ordered(world, wanted, ME)
    return world


def test_a_payment_code_is_new_every_minute_and_after_each_use(phone):
    first = _act(phone, "code", openid=ME)["auth_code"]
    assert re.fullmatch(r"1[0-5]\d{16}", first) and _act(phone, "code", openid=ME)["auth_code"] == first
    assert _act(phone, "code", openid=OTHER)["auth_code"] != first
    phone.extensions["world"].offset_s += 60
    second = _act(phone, "code", openid=ME)["auth_code"]
    _charged(phone, "C1")
    assert len({first, second, _act(phone, "code", openid=ME)["auth_code"]}) == 3


def test_the_password_counts_when_it_is_typed_and_who_cancels_has_not_paid(phone):
    assert _act(phone, "code/answer", openid=ME, answer="yes") == {"state": ""}
    world = _charged(phone, "C1")
    mine = phone.test_client()
    mine.post("/phone/choose", json={"openid": ME})
    assert "1,288.00" in mine.get("/phone/code/now").text
    assert _act(phone, "code/answer", openid=ME, answer="yes", wait_s=20) == {"state": "USERPAYING"}
    world.offset_s += 19
    assert "支付成功" not in mine.get("/phone/code/now").text
    world.offset_s += 2
    assert "支付成功" in mine.get("/phone/code/now").text
    mine.post("/phone/code/seen", json={})
    assert "支付成功" not in mine.get("/phone/code/now").text
    _charged(phone, "C2")
    assert _act(phone, "code/answer", openid=ME, answer="no") == {"state": "PAYERROR"}


def test_the_control_desk_plants_advances_and_tells_what_broke_a_rule(phone):
    world, desk = phone.extensions["world"], phone.test_client()
    before = world.now()
    desk.post("/phone/console/plant", data={"name": "notice_lost"})
    desk.post("/phone/console/forward", json={"seconds": 3600})
    assert (world.faults["notice_lost"], round(world.now() - before) // 3600) == (1, 1)
    assert desk.post("/phone/console/plant", json={"name": "unheard_of"}).status_code == 404
    world.violations.append("PARAM_ERROR: <b>")
    world.deliveries.append({"url": "http://shop/notice", "event": "TRANSACTION.SUCCESS", "status": 401})
    shown = desk.get("/phone/console?lang=en").text
    assert (
        "PARAM_ERROR: &lt;b&gt;" in shown and "not taken 401" in shown and "1 h ahead" in shown and "1 waiting" in shown
    )
    world.violations.clear()
    desk.post("/phone/console/clear")
    assert world.faults["notice_lost"] == 0
    assert all(desk.get(f"/phone/console/{part}").status_code == 200 for part in ("clock", "funds", "calls"))
