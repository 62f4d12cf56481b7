"""拼团 in the mall: a product shows its group price, an order opens a group, its link shows it, and a friend joins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config import clock
from config.db import transaction
from tests import factories as make
from trade.orders import seckill
from trade.orders.pay import Outcome


@pytest.fixture
def offer(session, shop):
    """Milk of 9.90 for 6.00 when two buy it within an hour, two of five set aside."""
    now = clock.now()
    form = {"kind": "group", "prices": {shop.skus["milk"]: 600}, "people": 2, "fill_minutes": 60}
    one = make.a_promotion(session, now, quotas={"member_units": 1}, **form)
    with transaction(session):
        seckill.supply(session, one, shop.store_id, {shop.skus["milk"]: 2}, actor="t", now=now)
    return one


def _people(session, signed_in, many):
    return [
        signed_in(make.a_member(session, phone=f"1391234000{n}", now=clock.now()), f"oTongdian{n:04d}")
        for n in range(many)
    ]


def _buy(face, shop, offer, group_id=None, **more):
    basket = {"store_id": shop.store_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 1}], "offer_id": offer, **more}
    quoted = face.ask("/api/mall/quote", **basket)
    if quoted.status_code != 200:
        return quoted
    quote = quoted.json["quote"]
    asked = f"/api/mall/slots?store_id={shop.store_id}&offer_id={offer}" + (f"&group_id={group_id}" if group_id else "")
    slots = face.get(asked).json["slots"]
    assert all(slot["from_at"] >= (clock.now() + timedelta(minutes=59)).isoformat() for slot in slots)
    form = {"promise_at": next(slot["from_at"] for slot in slots if slot["open"]), "token": quote["token"]}
    form |= {"expected_payable_fen": quote["payable_fen"], "group_id": group_id}
    return face.post("/api/mall/orders", **basket, **form)


def test_a_friend_fills_the_group_of_a_link(guest, shop, session, signed_in, offer):
    one, two, three = (
        signed_in(make.a_member(session, phone=f"1391234000{n}", now=clock.now()), f"oTongdian{n:04d}")
        for n in (1, 2, 3)
    )
    (card,) = guest.get(f"/api/mall/groups?store_id={shop.store_id}").json["offers"]
    assert (card["group"]["price_fen"], card["price_fen"], card["free"], card["group"]["free"]) == (600, 990, 3, 5)
    path = f"/api/mall/products/{card['product_id']}?store_id={shop.store_id}"
    first = _buy(one, shop, offer).json["order"]
    assert (first["payable_fen"], first["group"]) == (
        600,
        {"id": None, "seat": "asked"} | dict.fromkeys(("state", "missing", "fill_by")),
    )
    assert make.pay_online(session, shop, first["id"], clock.now()) == [Outcome.APPLIED]
    mine = one.get(f"/api/mall/orders/{first['id']}").json["order"]
    group_id = mine["group"]["id"]
    assert (mine["state"], mine["group"]["state"], mine["group"]["missing"]) == ("paid", "open", 1)
    (sku,) = two.get(path).json["product"]["skus"]
    (waits,) = sku["group"]["groups"]
    assert (waits["id"], waits["missing"], waits["mine"]) == (group_id, 1, False)
    seen = guest.get(f"/api/mall/groups/{group_id}").json["group"]
    assert (seen["state"], seen["open"], seen["missing"], seen["order_id"]) == ("open", True, 1, None)
    assert (seen["goods"]["price_fen"], seen["goods"]["list_fen"], len(seen["members"])) == (600, 990, 1)
    assert one.get(f"/api/mall/groups/{group_id}").json["group"]["order_id"] == first["id"]
    second = _buy(two, shop, offer, group_id).json["order"]
    late = _buy(three, shop, offer, group_id).json["order"]
    assert make.pay_online(session, shop, second["id"], clock.now()) == [Outcome.APPLIED]
    assert make.pay_online(session, shop, late["id"], clock.now()) == [Outcome.REFUNDED_LATE]
    for face, number, parcels, seat in ((one, first, 1, "taken"), (two, second, 1, "taken"),
                                      (three, late, 0, "asked")):  # fmt: skip
        found = face.get(f"/api/mall/orders/{number['id']}").json["order"]
        assert (len(found["parcels"]), found["group"]["seat"]) == (parcels, seat)
    assert guest.get(f"/api/mall/groups/{group_id}").json["group"]["state"] == "formed"


def test_every_refusal_says_why(guest, shop, session, signed_in, offer):
    one, two = _people(session, signed_in, 2)
    first = _buy(one, shop, offer).json["order"]
    make.pay_online(session, shop, first["id"], clock.now())
    group_id = one.get(f"/api/mall/orders/{first['id']}").json["order"]["group"]["id"]
    again = _buy(one, shop, offer, group_id)  # one each: the quote itself says so
    assert (again.status_code, again.json["code"], again.json["facts"]["why"]) == (
        409,
        "group_not_offered",
        "member_limit",
    )
    both = [{"sku_id": shop.skus[name], "qty": 1} for name in ("milk", "bread")]
    assert _buy(two, shop, offer, lines=both).json["code"] == "group_not_offered"
    assert _buy(two, shop, offer + 1).json["facts"]["why"] == "over"
    assert _buy(two, shop, offer, 999).status_code == 404
    assert guest.get("/api/mall/groups/999").status_code == 404
    early = {"store_id": shop.store_id, "lines": both[:1], "offer_id": offer, "expected_payable_fen": 600}
    soon = guest.get(f"/api/mall/slots?store_id={shop.store_id}").json["slots"][0]["from_at"]
    if soon < (clock.now() + timedelta(minutes=60)).isoformat():
        assert two.post("/api/mall/orders", **early, promise_at=soon).json["code"] == "slot_full"
