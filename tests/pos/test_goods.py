"""Stock, transfers, deliveries and counts over HTTP: who may, what is answered, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.pos.conftest import Client
from trade.catalogue.models import Barcode, Sku, StoreSku
from trade.pricing.models import Price
from trade.stock import proof

STOCK, TRANSFERS, DELIVERIES, COUNTS = (f"/api/desk/{name}" for name in ("stock", "transfers", "deliveries", "counts"))


@pytest.fixture
def staff(client):
    return client("store_staff")


@pytest.fixture
def manager(client):
    return client("store_manager")


@pytest.fixture
def office(client):
    return client("head_office")


@pytest.fixture
def milk(shop):
    return shop.skus["milk"]


@pytest.fixture
def other(app, session, shop):
    """The second store of the chain, and its manager's browser."""
    second = make.open_shop(session, code="S2", stock_of={"milk": 3}, now=clock.now())
    browser = Client(app, second.till_token)
    assert browser.sign_in("store_manager-S2").status_code == 200
    return second, browser


def agrees(session):
    session.rollback()
    return proof.differences(session) == []


def test_every_bucket_of_a_sku_what_moved_it_and_where_else_it_stands(session, shop, other, staff, office, milk):
    found = staff.get(f"{STOCK}/levels?q=milk").json
    assert [(row["sku_id"], row["on_hand"], row["free_online"]) for row in found["levels"]] == [(milk, 5, 5)]
    assert found["levels"][0]["moved_at"] and found["next"] is None
    first = staff.get(f"{STOCK}/levels?most=1").json
    assert len(staff.get(f"{STOCK}/levels?after={first['next']}").json["levels"]) == 2
    moved = staff.get(f"{STOCK}/skus/{milk}/movements").json["movements"]
    assert [(row["qty"], row["key"]) for row in moved] == [(5, "opening")]
    stores = staff.get(f"{STOCK}/skus/{milk}/elsewhere").json["stores"]
    assert [(row["store_id"], row["free"]) for row in stores] == [(shop.store_id, 5), (other[0].store_id, 3)]
    assert office.get(f"{STOCK}/levels").status_code == 422
    there = office.get(f"{STOCK}/levels?store_id={other[0].store_id}&q=milk").json
    assert there["levels"][0]["on_hand"] == 3
    member = make.a_member(session, now=clock.now())
    order = make.order_online(session, shop, member, clock.now(), milk=2)
    promised = staff.get(f"{STOCK}/skus/{milk}/promises").json["promises"]
    assert [(row["order_id"], row["bucket"], row["qty"]) for row in promised] == [(order, "held", 2)]
    assert len(staff.get(f"{STOCK}/levels?doubt=promised").json["levels"]) == 1


def test_goods_are_set_apart_by_anybody_and_thrown_away_by_a_manager(session, staff, manager, milk):
    asked = {"lines": [{"sku_id": milk, "qty": 2}], "reason": "漏奶"}
    assert staff.post(f"{STOCK}/quarantine", asked).json == {"sku_ids": [milk]}
    assert staff.get(f"{STOCK}/quarantine").json["goods"][0]["qty"] == 2
    assert staff.post(f"{STOCK}/write-off", asked).json["code"] == "not_permitted"
    too_much = {**asked, "lines": [{"sku_id": milk, "qty": 9}]}
    assert staff.post(f"{STOCK}/quarantine", too_much).json["code"] == "out_of_stock"
    assert manager.post(f"{STOCK}/write-off", too_much).json["code"] == "not_in_quarantine"
    one = {**asked, "lines": [{"sku_id": milk, "qty": 1}]}
    assert manager.post(f"{STOCK}/quarantine/release", one).status_code == 200
    again = {**one, "request_id": "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f"}
    assert [manager.post(f"{STOCK}/write-off", again).status_code for _ in range(2)] == [200, 200]
    twice = {**asked, "lines": [{"sku_id": milk, "qty": 1}] * 2}
    assert staff.post(f"{STOCK}/quarantine", twice).status_code == 422
    level = staff.get(f"{STOCK}/levels?q=milk").json["levels"][0]
    assert (level["on_hand"], level["quarantine"], level["free_till"]) == (4, 0, 4) and agrees(session)


def test_what_is_kept_from_the_mall(staff, manager, milk):
    asked = {"lines": [{"sku_id": milk, "safety": 1, "till_buffer": 2}]}
    assert staff.post(f"{STOCK}/buffers", asked).json["code"] == "not_permitted"
    assert manager.post(f"{STOCK}/buffers", asked).json == {"sku_ids": [milk]}
    assert manager.post(f"{STOCK}/buffers", asked).json == {"sku_ids": []}
    level = staff.get(f"{STOCK}/levels?q=milk").json["levels"][0]
    assert (level["free_till"], level["free_online"]) == (5, 2)


def test_a_transfer_from_asking_to_settling(session, shop, other, staff, manager, office, milk):
    second, there = other
    asked = {"from_store_id": shop.store_id, "to_store_id": second.store_id, "lines": [{"sku_id": milk, "qty": 4}]}
    made = there.post(TRANSFERS, asked)
    assert (made.status_code, made.json["transfer"]["state"]) == (201, "requested")
    path = f"{TRANSFERS}/{made.json['transfer']['id']}"
    ship = {"lines": [{"sku_id": milk, "qty": 3}]}
    assert there.post(f"{path}/ship", ship).json["code"] == "not_permitted", "the goods are elsewhere"
    assert staff.post(f"{path}/receive", {"lines": []}).json["code"] == "not_permitted"
    sent = staff.post(f"{path}/ship", ship).json["transfer"]
    assert (sent["state"], sent["shipped"]) == ("shipped", 3)
    assert staff.post(f"{path}/cancel").json["code"] == "wrong_state"
    came = there.post(f"{path}/receive", {"lines": [{"sku_id": milk, "qty": 2, "damaged": 1}]}).json
    assert came["differences"] == [{"sku_id": milk, "qty": -1}] and came["transfer"]["differs"] is True
    settled = manager.post(f"{path}/settle", {"outcome": "stayed", "note": "没装车"}).json
    assert (settled["transfer"]["settled"], settled["order_ids"]) == ("stayed", [])
    assert manager.post(f"{path}/settle", {"outcome": "lost", "note": "x"}).json["code"] == "nothing_to_settle"
    assert office.get(f"{TRANSFERS}?state=received").json["transfers"][0]["id"] == made.json["transfer"]["id"]
    third = {"from_store_id": second.store_id, "to_store_id": 99, "lines": asked["lines"]}
    assert manager.post(TRANSFERS, third).json["code"] == "not_permitted"
    assert office.post(TRANSFERS, third).json["code"] == "not_found"
    second_one = office.post(TRANSFERS, asked).json["transfer"]["id"]
    assert staff.post(f"{TRANSFERS}/{second_one}/cancel").json["transfer"]["state"] == "cancelled"
    assert agrees(session)


def test_a_delivery_from_expecting_to_settling(session, shop, staff, manager, office, milk):
    asked = {"supplier": "大仓", "external_no": "DN-1", "lines": [{"sku_id": milk, "qty": 6}]}
    assert office.post(DELIVERIES, asked).status_code == 422
    made = office.post(DELIVERIES, {**asked, "store_id": shop.store_id}).json["delivery"]
    assert staff.post(DELIVERIES, asked).json["facts"] == {"delivery_id": made["id"]}
    path = f"{DELIVERIES}/{made['id']}"
    came = staff.post(f"{path}/receive", {"lines": [{"sku_id": milk, "qty": 7}]}).json
    assert came["differences"] == [{"sku_id": milk, "qty": 1}]
    assert staff.post(f"{path}/cancel").json["code"] == "wrong_state"
    done = manager.post(f"{path}/settle", {"outcome": "accepted", "note": "赠品"}).json["delivery"]
    assert (done["settled"], done["lines"][0]["received"]) == ("accepted", 7)
    assert office.get(f"{DELIVERIES}/{made['id']}").json["delivery"]["id"] == made["id"]
    assert [row["id"] for row in staff.get(DELIVERIES).json["deliveries"]] == [made["id"]]
    assert agrees(session)


def test_a_count_from_a_doubt_to_the_order_that_lost(session, shop, staff, manager, milk):
    """Of 5 milk an order has 4; the count finds 2, and the order is routed anew."""
    member = make.a_member(session, now=clock.now())
    order = make.order_online(session, shop, member, clock.now(), milk=4)
    assert staff.post(COUNTS, {"due": True}).status_code == 422, "nothing is due"
    doubts = staff.post(f"{STOCK}/doubts", {"sku_ids": [milk], "reason": "空架"}).json["goods"]
    assert [(row["sku_id"], row["reason"]) for row in doubts] == [(milk, "空架")]
    made = staff.post(COUNTS, {"due": True, "recount_above": 0})
    assert (made.status_code, made.json["count"]["skus"]) == (201, 1)
    path = f"{COUNTS}/{made.json['count']['id']}"
    future = (clock.now() + timedelta(hours=1)).isoformat()
    assert staff.post(f"{path}/scans", {"lines": [{"sku_id": milk, "qty": 2, "at": future}]}).status_code == 422
    seen = staff.post(f"{path}/scans", {"lines": [{"sku_id": milk, "qty": 2}]}).json["count"]["lines"][0]
    assert seen["on_shelf"] == 2 and "expected" not in seen
    assert staff.get(f"{path}/variances").json["code"] == "not_permitted"
    assert manager.get(f"{path}/variances").json["lines"][0]["variance"] == -3
    assert staff.post(f"{path}/post").json["code"] == "not_permitted"
    assert manager.post(f"{path}/post").json["facts"] == {"sku_ids": [milk]}
    assert staff.post(f"{path}/again", {"sku_ids": [milk]}).json["count"]["lines"][0]["turn"] == 2
    assert manager.post(f"{path}/post").json["code"] == "not_all_counted"
    staff.post(f"{path}/scans", {"lines": [{"sku_id": milk, "qty": 2}]})
    posted = manager.post(f"{path}/post").json
    assert (posted["count"]["variance"], posted["order_ids"]) == (-3, [order])
    told = session.execute(text("SELECT data FROM journal WHERE kind = 'order.promise_broken'")).scalar_one()
    assert told == {"order_id": order, "at_store_id": shop.store_id, "sku_ids": [milk]}
    assert staff.get(f"{STOCK}/doubts").json["goods"] == []
    assert [row["state"] for row in staff.get(f"{COUNTS}?state=posted").json["counts"]] == ["posted"]
    assert agrees(session)


def test_a_count_is_given_up(staff, manager, shop):
    made = staff.post(COUNTS, {"shelf": "A-", "name": "A区"}).json["count"]
    assert (made["skus"], made["name"]) == (3, "A区")
    assert staff.post(f"{COUNTS}/{made['id']}/abandon").json["count"]["state"] == "abandoned"
    assert manager.post(f"{COUNTS}/{made['id']}/post").json["code"] == "wrong_state"
    assert staff.post(COUNTS, {"shelf": "A-", "due": True}).status_code == 422


def test_the_head_office_makes_a_kit_and_the_till_sells_it(session, shop, staff, office, client, milk):
    sku = Sku(product_id=1, spec="套装", unit="套", weighed=False)
    session.add(sku)
    session.flush()
    now = clock.now()
    session.add_all([Barcode(code="kit-1", sku_id=sku.id), Price(sku_id=sku.id, price_fen=1500, from_at=now)])
    session.add(StoreSku(store_id=shop.store_id, sku_id=sku.id))
    session.commit()
    asked = {"sku_id": sku.id, "lines": [{"sku_id": milk, "qty": 2}]}
    assert staff.post("/api/desk/kits", asked).json["code"] == "not_permitted"
    itself = {**asked, "lines": [{"sku_id": sku.id, "qty": 1}]}
    assert office.post("/api/desk/kits", itself).status_code == 422
    made = office.post("/api/desk/kits", asked)
    assert (made.status_code, made.json["kit"]["parts"][0]["qty"]) == (201, 2)
    assert office.post("/api/desk/kits", asked).json["facts"] == {"sku_id": sku.id, "why": "known"}
    assert [kit["sku_id"] for kit in staff.get("/api/desk/kits").json["kits"]] == [sku.id]
    assert client("cashier").get("/api/pos/scan/kit-1").json["item"]["free"] == 2
    assert agrees(session)
