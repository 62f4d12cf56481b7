from __future__ import annotations

from config import clock
from tests import factories as make


def test_a_customer_sees_the_wallet_page_by_page_and_pays_an_order_with_it(shop, session, signed_in):
    member = make.a_member(session, now=clock.now())
    buyer = signed_in(member)
    assert buyer.get("/api/mall/wallet").json == {
        "wallet": {"principal_fen": 0, "bonus_fen": 0, "total_fen": 0, "held_fen": 0}, "offers": [], "entries": [],
        "next": None,
    }  # fmt: skip
    for _ in range(21):
        make.top_up(session, shop, member, 1_000, clock.now(), bonus_fen=100)
    page = buyer.get(f"/api/mall/wallet?store_id={shop.store_id}").json
    assert (page["wallet"]["principal_fen"], page["wallet"]["bonus_fen"]) == (21_000, 2_100)
    assert [(offer["amount_fen"], offer["bonus_fen"]) for offer in page["offers"]] == [(1_000, 100)]
    last = buyer.get(f"/api/mall/wallet?before={page['next']}").json
    assert (len(page["entries"]), len(last["entries"]), last["next"]) == (20, 1, None)
    assert last["entries"][0]["principal_fen"] == 1_000 and last["entries"][0]["bonus_fen"] == 100
    assert last["entries"][0]["no"].startswith(f"U{shop.store_id:03d}")

    basket = {"store_id": shop.store_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 2}], "wallet_fen": 1_980}
    quote = buyer.ask("/api/mall/quote", **basket).json["quote"]
    assert (quote["payable_fen"], quote["wallet_fen"], quote["due_fen"]) == (1_980, 1_980, 0)
    slot = buyer.get(f"/api/mall/slots?store_id={shop.store_id}").json["slots"][0]["from_at"]
    order = buyer.post("/api/mall/orders", **basket, expected_payable_fen=1_980, promise_at=slot).json["order"]
    assert (order["state"], order["wallet_principal_fen"]) == ("paid", 1_800)
    assert buyer.post(f"/api/mall/orders/{order['id']}/cancel").json["order"]["state"] == "cancelled"
    assert buyer.get("/api/mall/wallet").json["wallet"]["total_fen"] == 23_100


def test_somebody_elses_top_up_is_not_found(shop, session, signed_in):
    mine = signed_in(make.a_member(session, now=clock.now()))
    other = signed_in(make.a_member(session, phone="13900000001", now=clock.now()), "oTongdian0002")
    opened = mine.post("/api/mall/top-ups", store_id=shop.store_id, amount_fen=1_000).json["top_up"]
    assert opened["state"] == "placed"
    assert mine.get(f"/api/mall/top-ups/{opened['id']}").json["top_up"]["no"] == opened["no"]
    assert other.get(f"/api/mall/top-ups/{opened['id']}").status_code == 404
    assert other.post(f"/api/mall/top-ups/{opened['id']}/pay").status_code == 404
    assert mine.post("/api/mall/top-ups", store_id=99, amount_fen=1_000).status_code == 404
