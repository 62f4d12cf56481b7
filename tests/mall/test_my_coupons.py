from __future__ import annotations

from config import clock
from config.db import transaction
from member.coupons import claim
from tests import factories as make


def test_claiming_choosing_and_ordering_with_a_coupon(session, shop, guest, signed_in):
    member = make.a_member(session, now=clock.now())
    template_id = make.an_offer(session, clock.now(), issue_limit=3)
    assert [one["status"] for one in guest.get("/api/mall/coupons/centre").json["offers"]] == ["open"]
    shopper = signed_in(member)
    claimed = shopper.post("/api/mall/coupons/claim", template_id=template_id)
    assert claimed.status_code == 201
    coupon = claimed.json["coupon"]
    assert (coupon["name"], coupon["state"], coupon["face_fen"]) == ("满10减5", "issued", 500)
    assert shopper.post("/api/mall/coupons/claim", template_id=template_id).json["code"] == "coupon_limit"
    offer = shopper.get("/api/mall/coupons/centre").json["offers"][0]
    assert (offer["status"], offer["left"], offer["claimed"]) == ("claimed", 2, 1)
    assert [one["id"] for one in shopper.get("/api/mall/coupons").json["coupons"]] == [coupon["id"]]
    assert shopper.get("/api/mall/coupons?tab=used").json == {"coupons": [], "before": None}
    basket = {"store_id": shop.store_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 2}]}
    quote = shopper.ask("/api/mall/quote", **basket).json["quote"]
    assert (quote["payable_fen"], quote["best_coupon_ids"]) == (1980, [coupon["id"]])
    basket["coupon_ids"] = quote["best_coupon_ids"]
    quote = shopper.ask("/api/mall/quote", **basket).json["quote"]
    assert (quote["payable_fen"], quote["coupon_fen"]) == (1480, 500)
    assert quote["coupons"][0] | {"until_at": ""} == {
        "id": coupon["id"],
        "name": "满10减5",
        "kind": "threshold_off",
        "stack_class": "store",
        "threshold_fen": 1000,
        "face_fen": 500,
        "rate_bp": 10_000,
        "cap_fen": 0,
        "until_at": "",
        "off_fen": 500,
        "lost_fen": 0,
        "applied": True,
        "usable": True,
        "why_not": None,
        "best": True,
        "dearer_by_fen": 0,
    }
    basket["lines"][0]["qty"] = 1
    promise_at = shopper.get(f"/api/mall/slots?store_id={shop.store_id}").json["slots"][-1]["from_at"]
    refused = shopper.post("/api/mall/orders", **basket, expected_payable_fen=490, promise_at=promise_at)
    assert (refused.status_code, refused.json["code"]) == (409, "coupon_not_usable")
    assert refused.json["facts"]["coupons"] == [{"coupon_id": coupon["id"], "code": "short", "short_fen": 10}]
    assert shopper.get("/api/mall/orders").json["orders"] == []


def test_an_offer_for_each_phone_once_is_claimed_by_one_member_on_it(session, guest, signed_in):
    template_id = make.an_offer(session, clock.now(), issue_limit=9, claims_per_device=1)
    phones = [make.a_member(session, phone=f"1391111000{n}", now=clock.now()) for n in range(2)]
    ask = {"template_id": template_id, "device": "0f8c1c3e-7a44-4a60-9d3f-1b1f6d1f0001"}
    first, second = (signed_in(member) for member in phones)
    assert first.post("/api/mall/coupons/claim", **ask).status_code == 201
    refused = second.post("/api/mall/coupons/claim", **ask)
    assert (refused.status_code, refused.json["code"], refused.json["facts"]) == (
        409,
        "coupon_device_limit",
        {"most": 1},
    )
    assert second.get("/api/mall/coupons").json["coupons"] == []


def test_wrong_codes_lock_and_a_right_one_is_good_once(session, shop, signed_in):
    member = make.a_member(session, now=clock.now())
    template_id = make.an_offer(session, clock.now(), in_centre=False, issue_limit=2)
    with transaction(session):
        code, spare = claim.make_codes(session, template_id, 2, actor="t", now=clock.now())
    shopper = signed_in(member)
    assert shopper.get("/api/mall/coupons/centre").json["offers"] == []
    assert shopper.post("/api/mall/coupons/claim").status_code == 422
    assert shopper.post("/api/mall/coupons/claim", code=code).status_code == 201
    for _ in range(5):
        assert shopper.post("/api/mall/coupons/claim", code=code).json["code"] == "coupon_code_unknown"
    assert shopper.post("/api/mall/coupons/claim", code=spare).json["code"] == "coupon_code_locked"
