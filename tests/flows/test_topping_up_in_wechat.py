from __future__ import annotations

import requests

from config import clock
from member import points
from tests import factories as make
from trade.books import registry


def test_a_customer_tops_up_in_wechat_and_pays_the_rest_of_an_order_there(house, session):
    """The notice credits the top-up; an order is held with stored value, WeChat pays the rest, both come back."""
    member = make.a_member(session, phone="13800000001", now=clock.now())
    buyer = house.customer(1)
    status, said = buyer.post("/api/mall/top-ups", store_id=house.shop.store_id, amount_fen=1_500)
    top_up = said["top_up"]
    assert (status, top_up["state"]) == (201, "placed")
    paying = buyer.post(f"/api/mall/top-ups/{top_up['id']}/pay")[1]
    prepay_id = paying["payment"]["package"].removeprefix("prepay_id=")
    no = next(one["out_trade_no"] for one in house.world.orders.values() if one["prepay_id"] == prepay_id)
    assert requests.post(f"{house.phone_url}/control/pay", json={"out_trade_no": no}, timeout=10).json()["paid"]
    house.until(
        lambda: buyer.get(f"/api/mall/top-ups/{top_up['id']}")["top_up"]["state"] == "paid", "the top-up's notice"
    )
    assert buyer.get("/api/mall/wallet")["wallet"]["principal_fen"] == 1_500
    assert points.balance(session, member).pending == 0

    slot = buyer.get(f"/api/mall/slots?store_id={house.shop.store_id}")["slots"][0]["from_at"]
    status, said = buyer.post(
        "/api/mall/orders", **house.basket(milk=2), wallet_fen=1_500, expected_payable_fen=1_980, promise_at=slot
    )
    assert (status, said["order"]["state"]) == (201, "placed")
    assert buyer.get("/api/mall/wallet")["wallet"] == {
        "principal_fen": 0, "bonus_fen": 0, "total_fen": 0, "held_fen": 1_500,
    }  # fmt: skip
    order_id = said["order"]["id"]
    no = house.pay(buyer, order_id)
    assert house.world.orders[no]["total"] == 480
    house.until(lambda: buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "paid", "the order's notice")
    assert buyer.post(f"/api/mall/orders/{order_id}/cancel")[0] == 200
    assert buyer.get("/api/mall/wallet")["wallet"]["total_fen"] == 1_500
    assert buyer.get(f"/api/mall/orders/{order_id}")["order"]["refunded_fen"] == 1_980
    house.let_jobs_run()
    for book in ("ledger", "orders", "refunds", "order_value", "top_ups"):
        assert registry.BOOKS[book].differences(session) == [], book
