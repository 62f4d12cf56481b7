"""Shipping information against the stand-in: what it takes, once and in which shape; under both readings."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from config import clock
from config.redis import connection
from config.wechat.client import Client
from config.wechat.given import WeChatFailed
from config.wechat.shipping import NUMBER, Shipping
from tests.config.conftest import stand_in
from tests.wechat_stand_in.reading import FIRST, SECOND

WHO, TX = "oTongdian0001", "4200001"


def pay(world, **more):
    world.orders["TD1"] = {
        "out_trade_no": "TD1", "transaction_id": TX, "state": "SUCCESS", "total": 990, "openid": WHO,
        "description": "通店订单 1", "prepay_id": "wx1", "success_time": world.beijing(), **more,
    }  # fmt: skip


@pytest.fixture(params=[FIRST, SECOND], ids=["first", "second"])
def known(request, clean, wechat_keys):
    with stand_in(wechat_keys) as here:
        here.world.reading = request.param
        pay(here.world)
        yield here, Shipping(Client(here.given, connection()))


def express(no, **more):
    return {"tracking_no": no, "express_company": "ZTO", "item_desc": "鲜牛奶×2", **more}


def body(*parcels, way=1, whole=None):
    split = {"is_all_delivered": whole} if whole is not None else {}
    mode = 1 if whole is None else 2
    return {"logistics_type": way, "delivery_mode": mode, "shipping_list": list(parcels), **split}


def code_of(shipping, told, *, payer=WHO, minutes=0, tx=TX):
    try:
        shipping.upload(tx, told, payer=payer, at=clock.now() + timedelta(minutes=minutes))
    except WeChatFailed as failed:
        return failed.code
    return "taken"


def test_what_is_told_is_known_and_its_money_is_let_go(known):
    here, shipping = known
    assert shipping.known(TX).frozen
    assert code_of(shipping, body({"item_desc": "鲜牛奶×2"}, way=4)) == "taken"
    found = shipping.known(TX)
    assert (found.frozen, found.trade_no, found.shipping["logistics_type"]) == (False, "TD1", 4)
    assert shipping.known("4299") is None
    here.world.offset_s += here.world.reading.pickup_settles_days * 86400
    assert shipping.known(TX).state == 4
    assert here.world.violations == []


def test_split_parcels_are_told_whole_each_time_so_that_both_readings_end_the_same(known):
    here, shipping = known
    assert code_of(shipping, body(express("Z1"), whole=False)) == "taken"
    assert shipping.known(TX).frozen
    assert code_of(shipping, body(express("Z1"), express("Z2"), whole=True), minutes=1) == "taken"
    told = shipping.known(TX)
    assert sorted(one["tracking_no"] for one in told.shipping["shipping_list"]) == ["Z1", "Z2"]
    assert (told.frozen, here.world.orders["TD1"]["shipping"]["finish_shipping_count"]) == (False, 1)


def test_one_correction_and_each_stamp_later_than_the_last(known):
    _, shipping = known
    assert code_of(shipping, body(express("Z1"))) == "taken"
    assert code_of(shipping, body(express("Z2")), minutes=-1) == "10060023"
    assert code_of(shipping, body(express("Z2")), minutes=1) == "taken"
    assert code_of(shipping, body(express("Z3")), minutes=2) == "10060003"
    assert shipping.known(TX).shipping["shipping_list"][0]["tracking_no"] == "Z2"


@pytest.mark.violates("upload_shipping_info")
def test_what_breaks_a_rule_is_refused_and_seen(known):
    here, shipping = known
    for told, code in (
        (body(express("Z1")) | {"shipping_list": express("Z1")}, "47001"),
        (body(express("Z1"), express("Z2")), "268485228"),
        (body({"item_desc": "x"}, way=2, whole=True), "10060006"),
        (body(*[express(f"Z{n}") for n in range(16)], whole=True), "10060024"),
        (body(express("")), "268485226"),
        (body(express("Z1", express_company="SF")), "10060014"),
        (body(express("Z1"), way=4), "10060014"),
        (body({"item_desc": "长" * 121}, way=4), "10060009"),
    ):
        assert code_of(shipping, told) == code
    assert code_of(shipping, body(express("Z1")), payer="oNobody") == "10060031"
    assert len(here.world.violations) == 9
    assert code_of(shipping, body(express("Z1")), tx="42") == "10060001"
    assert shipping.known(TX).frozen
    masked = express("Z1", express_company="SF", contact={"receiver_contact": "138****2046"})
    assert code_of(shipping, body(masked)) == "taken"


def test_the_list_is_read_page_by_page_and_the_rest_is_asked_once(known, monkeypatch):
    here, shipping = known
    for number in range(250):
        one = here.world.orders["TD1"] | {"out_trade_no": f"TD{number}", "transaction_id": f"42{number}"}
        here.world.orders[f"TD{number}"] = one
    now = clock.now()
    assert len(list(shipping.listed(now - timedelta(hours=1), now + timedelta(hours=1)))) == 250
    assert list(shipping.listed(now - timedelta(days=9), now - timedelta(days=8))) == []
    assert shipping.managed() is True
    shipping.upload("421", body(express("Z1")), payer=WHO, at=now)
    shipping.remind_to_confirm("421", received_at=now)
    with pytest.raises(WeChatFailed):
        shipping.remind_to_confirm("421", received_at=now)
    shipping.set_order_page(f"pages/order/order?out_trade_no={NUMBER}")
    assert requests.get(f"{here.url}/control/funds", timeout=5).json()["on_the_way_fen"] == 990
