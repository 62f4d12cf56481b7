from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make


def _do(session, statement, **given):
    with transaction(session):
        session.execute(text(statement), given)


def _names(answer):
    return [card["name"] for card in answer.json["products"]]


def test_a_guest_sees_what_the_store_sells_with_price_and_stock(guest, shop):
    home = guest.get(f"/api/mall/home?store_id={shop.store_id}").json
    assert [card["free"] for card in home["products"]] == [5, 100, 100_000]
    assert [kind["name"] for kind in home["categories"]] == ["类milk", "类bread", "类apple"]
    assert [banner["title"] for banner in home["banners"]] == ["类milk", "类bread", "类apple"]
    assert guest.get("/api/mall/categories").json["categories"] == home["categories"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=MILK", ["商品milk"]),
        ("q=spap", ["商品apple"]),
        ("q=山野", ["商品milk", "商品bread", "商品apple"]),
        ("q=nothing", []),
        ("q=%25", ["商品milk", "商品bread", "商品apple"]),  # a wildcard of the customer's is no wildcard of ours
        ("category_id=2", ["商品bread"]),
        ("category_id=99", []),
        ("after=2", ["商品apple"]),
        ("after=99", []),
    ],
)
def test_products_are_found_by_words_and_category_and_page(guest, shop, query, names):
    assert _names(guest.get(f"/api/mall/products?store_id={shop.store_id}&{query}")) == names


def test_what_a_store_does_not_sell_is_not_on_its_shelf(guest, shop, session):
    _do(session, "UPDATE store_sku SET sellable = false WHERE sku_id = :sku", sku=shop.skus["milk"])
    assert _names(guest.get(f"/api/mall/products?store_id={shop.store_id}")) == ["商品bread", "商品apple"]
    assert _names(guest.get("/api/mall/products?store_id=99")) == []


def test_a_product_that_is_sold_out_says_where_it_stands(guest, shop, session):
    other = make.open_shop(session, code="S2", stock_of={"milk": 7}, now=clock.now())
    product = next(card for card in guest.get(f"/api/mall/home?store_id={shop.store_id}").json["products"])
    path = f"/api/mall/products/{product['product_id']}?store_id={shop.store_id}"
    here = guest.get(path).json["product"]
    assert [sku["free"] for sku in here["skus"]] == [5]
    around = f"/api/mall/skus/{shop.skus['milk']}/alternatives?store_id={shop.store_id}"
    assert guest.get(around).json["instead"] == []
    with transaction(session):
        session.execute(text("UPDATE product SET category_id = 1"))
    make.ring_up(session, shop, clock.now(), milk=5)
    gone = guest.get(path).json["product"]
    assert [sku["free"] for sku in gone["skus"]] == [0]
    said = guest.get(around).json
    (there,) = said["stores"]
    assert (there["store_id"], there["free"]) == (other.store_id, 7)
    assert there["figure_at"] < there["promise_at"]
    assert [(card["name"], card["free"]) for card in said["instead"]] == [("商品apple", 100_000), ("商品bread", 100)]
    assert guest.get(f"/api/mall/skus/99/alternatives?store_id={shop.store_id}").json["code"] == "not_found"


def test_a_product_that_does_not_exist_is_not_found(guest, shop):
    answer = guest.get(f"/api/mall/products/99?store_id={shop.store_id}")
    assert (answer.status_code, answer.json["facts"]) == (404, {"product_id": 99})


def test_stores_come_nearest_first_when_the_place_is_known(guest, shop, session):
    far = make.open_shop(session, code="S2", now=clock.now())
    _do(session, "UPDATE store SET lat_e6 = 30000000 WHERE id = :id", id=far.store_id)
    found = guest.get("/api/mall/stores?lat=30.0001&lng=120.13").json["stores"]
    assert [store["id"] for store in found] == [far.store_id, shop.store_id]
    assert found[0]["distance_m"] == 11
    assert 31_000 < found[1]["distance_m"] < 31_300
    unknown = guest.get("/api/mall/stores?lat=30.0001").json["stores"]
    assert [(store["id"], store["distance_m"]) for store in unknown] == [(shop.store_id, None), (far.store_id, None)]
    assert (unknown[0]["opens"], unknown[0]["closes"]) == ("08:00", "22:00")


def test_a_full_slot_is_shown_closed_and_takes_no_order(guest, shop, session, signed_in):
    _do(session, "UPDATE store SET slot_capacity = 1")
    buyer = signed_in(make.a_member(session, now=clock.now()))
    slot = guest.get(f"/api/mall/slots?store_id={shop.store_id}").json["slots"][0]
    order = {
        "store_id": shop.store_id,
        "lines": [{"sku_id": shop.skus["milk"], "qty": 1}],
        "expected_payable_fen": 990,
        "promise_at": slot["from_at"],
    }
    asked = {"store_id": shop.store_id, "lines": order["lines"]}
    seen = guest.ask("/api/mall/quote", **asked).json["quote"]["token"]
    assert buyer.post("/api/mall/orders", **order, token=seen).json["code"] == "quote_of_another_basket"
    token = buyer.ask("/api/mall/quote", **asked).json["quote"]["token"]
    lets = {"may_substitute": True, "may_split": True}
    assert (slot["open"], buyer.post("/api/mall/orders", **order, **lets, token=token).status_code) == (True, 201)
    assert session.execute(text("SELECT may_substitute, may_split FROM sale_order")).one() == (True, True)
    session.rollback()
    assert guest.get(f"/api/mall/slots?store_id={shop.store_id}").json["slots"][0]["open"] is False
    refused = buyer.post("/api/mall/orders", **order)
    assert (refused.status_code, refused.json["code"]) == (409, "slot_full")
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar() == 1


def test_orders_are_paged_and_nobody_sees_anothers(shop, session, signed_in):
    member, other = (
        make.a_member(session, now=clock.now()),
        make.a_member(session, phone="13900000001", now=clock.now()),
    )
    made = [make.ring_up(session, shop, clock.now(), member_id=member, apple=100) for _ in range(21)]
    buyer = signed_in(member)
    first = buyer.get("/api/mall/orders").json["orders"]
    second = buyer.get(f"/api/mall/orders?before={first[-1]['id']}").json["orders"]
    assert [order["id"] for order in first + second] == made[::-1]
    assert buyer.get(f"/api/mall/orders?before={made[0]}").json["orders"] == []
    assert signed_in(other).get("/api/mall/orders").json["orders"] == []
    assert signed_in(other).get(f"/api/mall/orders/{made[0]}").json["code"] == "not_found"


@pytest.mark.parametrize("step", ["pay", "cancel"])
def test_a_sale_of_the_till_is_not_paid_or_cancelled_in_the_mall(shop, session, signed_in, step):
    member = make.a_member(session, now=clock.now())
    order = make.ring_up(session, shop, clock.now(), member_id=member, milk=1)
    answer = signed_in(member).post(f"/api/mall/orders/{order}/{step}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert session.execute(text("SELECT state FROM sale_order")).scalar() == "done"


@pytest.mark.parametrize(("points", "status"), [(100, 200), (150, 409), (600, 409)])
def test_a_quote_says_how_many_points_may_be_used(shop, session, signed_in, points, status):
    buyer = signed_in(make.a_member(session, points_of=500, now=clock.now()))
    body = {"store_id": shop.store_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 1}], "points": points}
    answer = buyer.ask("/api/mall/quote", **body)
    assert answer.status_code == status
    if status == 200:
        quote = answer.json["quote"]
        assert (quote["payable_fen"], quote["max_points"], quote["min_points"], quote["points_step"]) == (
            890,
            400,
            100,
            100,
        )
        assert (quote["points_limit"], quote["points_limit_at"]) == ("goods", 495)
    else:
        assert (answer.json["code"], answer.json["facts"]) == (
            "points_not_usable",
            {"max_points": 400, "step": 100, "min_points": 100},
        )


def test_signing_out_ends_the_session(shop, session, signed_in):
    buyer = signed_in(make.a_member(session, now=clock.now()))
    assert buyer.get("/api/mall/me").status_code == 200
    assert buyer.post("/api/mall/logout").status_code == 200
    assert buyer.get("/api/mall/me").json["code"] == "not_signed_in"
