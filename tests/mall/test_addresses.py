"""A customer's address book, and an order that goes to one of its addresses."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from member import address_book, export, leaving
from member.address import Address
from tests import factories as make
from tests.trade.fulfilment import chain

HOME = {"name": "王小明", "phone": "13812342046", "region": "330106", "street": "文三路 1 号 2 幢 301"}
POINT = {"lat_e6": 30_280_000, "lng_e6": 120_130_000}


@pytest.fixture
def member_id(session, shop):
    return make.a_member(session, phone="13800000001", now=clock.now())


@pytest.fixture
def shopper(signed_in, member_id):
    return signed_in(member_id)


def test_regions_come_a_level_at_a_time(guest):
    provinces = guest.get("/api/mall/regions").json["regions"]
    assert {"code": "330000", "name": "浙江省"} in provinces
    assert {"code": "330100", "name": "杭州市"} in guest.get("/api/mall/regions?under=330000").json["regions"]
    assert {"code": "330106", "name": "西湖区"} in guest.get("/api/mall/regions?under=330100").json["regions"]
    assert guest.get("/api/mall/regions?under=330106").json["regions"] == []


def test_the_first_is_the_default_until_another_is(shopper, guest):
    assert guest.get("/api/mall/addresses").status_code == 401
    first = shopper.post("/api/mall/addresses", **HOME).json["id"]
    second = shopper.post("/api/mall/addresses", **HOME | {"street": "北山街 5 号"}, is_default=True).json["id"]
    kept = shopper.get("/api/mall/addresses").json["addresses"]
    assert [(one["id"], one["is_default"], one["region_name"]) for one in kept] == [
        (second, True, "浙江省杭州市西湖区"),
        (first, False, "浙江省杭州市西湖区"),
    ]
    shopper.post(f"/api/mall/addresses/{first}", **HOME | {"name": "王大明"})
    assert shopper.post(f"/api/mall/addresses/{second}/remove").json == {"removed": second}
    assert [one["name"] for one in shopper.get("/api/mall/addresses").json["addresses"]] == ["王大明"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"phone": "12345678901"}, "phone"),
        ({"region": "330100"}, "region"),
        ({"region": "999999"}, "region"),
        ({"street": ""}, "street"),
        ({"lat_e6": 30_280_000}, "lat_e6"),
    ],
)
def test_what_nobody_can_deliver_to_is_not_kept(shopper, change, field):
    answer = shopper.post("/api/mall/addresses", **HOME | change)
    assert (answer.status_code, answer.json["code"], list(answer.json["facts"]["fields"])) == (
        422,
        "address_not_sound",
        [field],
    )
    assert shopper.get("/api/mall/addresses").json["addresses"] == []


def test_nobody_elses_can_be_read_changed_or_ordered_to(session, shop, shopper, signed_in):
    mine = shopper.post("/api/mall/addresses", **HOME).json["id"]
    other = signed_in(make.a_member(session, phone="13800000002", now=clock.now()), openid="o2")
    assert other.post(f"/api/mall/addresses/{mine}", **HOME).status_code == 404
    other.post(f"/api/mall/addresses/{mine}/remove")
    lines = [{"sku_id": shop.skus["milk"], "qty": 2}]
    asked = {"store_id": shop.store_id, "lines": lines, "mode": "ship", "address_id": mine}
    assert other.ask("/api/mall/quote", **asked).status_code == 404
    assert len(shopper.get("/api/mall/addresses").json["addresses"]) == 1


def test_twenty_are_enough(session, member_id, shopper):
    with transaction(session):
        for _ in range(address_book.MOST):
            sound = Address("王", "13812342046", "330106", "", "文三路")
            address_book.write(session, member_id, sound, actor="test", now=clock.now())
    assert shopper.post("/api/mall/addresses", **HOME).json["code"] == "address_book_full"


def test_it_is_sealed_goes_out_with_a_copy_and_goes_with_its_member(session, member_id, shopper):
    shopper.post("/api/mall/addresses", **HOME)
    kept = "SELECT to_jsonb(a)::text FROM member_address a UNION ALL SELECT data::text FROM journal"
    rows = session.execute(text(f"{kept} UNION ALL SELECT answer::text FROM request_answer")).scalars().all()
    assert rows
    assert not [row for row in rows if row and ("文三路" in row or HOME["phone"] in row)]
    copy = json.dumps(export.gather(session, member_id), default=str, ensure_ascii=False)
    assert "文三路 1 号 2 幢 301" in copy
    with transaction(session):
        leaving.erase(session, member_id, actor="test", now=clock.now())
    assert session.scalar(text("SELECT count(*) FROM member_address")) == 0
    assert leaving.prove_erased(session, member_id) == {}


def test_an_order_is_quoted_and_placed_for_an_address(session, shop, shopper):
    chain.do(session, "UPDATE store SET area = CAST(:area AS jsonb), lat_e6 = 30280000, lng_e6 = 120130000,"
                      " opens_minute = 0, closes_minute = 1440", area=chain.SQUARE)  # fmt: skip
    ways = shopper.get(f"/api/mall/ways?store_id={shop.store_id}").json["ways"]
    assert [(one["mode"], one["open"]) for one in ways] == [("pickup", True), ("delivery", True), ("ship", True)]
    goods = {"store_id": shop.store_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 3}]}
    unknown = shopper.ask("/api/mall/quote", **goods, mode="delivery").json["quote"]
    assert unknown["way"]["because"] == "no_address"
    where = shopper.post("/api/mall/addresses", **HOME, **POINT).json["id"]
    asked = {**goods, "mode": "delivery", "address_id": where}
    quote = shopper.ask("/api/mall/quote", **asked).json["quote"]
    assert (quote["freight_fen"], quote["way"]["because"]) == (500, None)
    slots = shopper.get(f"/api/mall/slots?store_id={shop.store_id}&mode=delivery").json["slots"]
    sent = {**asked, "expected_payable_fen": quote["payable_fen"], "token": quote["token"]}
    assert shopper.post("/api/mall/orders", **sent).json["code"] == "slot_full"
    placed = shopper.post("/api/mall/orders", **sent, promise_at=slots[0]["from_at"]).json["order"]
    assert (placed["mode"], placed["freight_fen"]) == ("delivery", 500)
    assert datetime.fromisoformat(placed["promise_at"]) == datetime.fromisoformat(slots[0]["to_at"])
    assert "address" not in placed
    page = shopper.get(f"/api/mall/orders/{placed['id']}").json["order"]
    assert page["address"]["street"] == HOME["street"]
    assert page["address"]["phone"] == "138****2046"
