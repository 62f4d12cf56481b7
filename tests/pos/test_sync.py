"""A till delivers over HTTP: through lost answers and twice over, and beside its own online attempts."""

from __future__ import annotations

import json
import random
from datetime import timedelta

from sqlalchemy import text

from config import clock
from config.clock import epoch_ms
from tests import factories as make
from tests.devices import Device
from tests.pos.conftest import Client

SYNC, SALES = "/api/pos/sync", "/api/pos/sales"


def _send(till, bodies):
    documents = [{"uuid": json.loads(body)["uuid"], "body": body} for body in bodies]
    return till.post(SYNC, {"at_ms": epoch_ms(clock.now()), "documents": documents})


def _count(session, said):
    found = session.scalar(text(said))
    session.rollback()
    return found


def test_fifty_sales_arrive_once_though_every_other_answer_is_lost(session, shop, client):
    till, device, rng = client(), Device(shop), random.Random(7)
    left = [device.sell(clock.now()) for _ in range(50)]
    while left:
        batch = left[: rng.randint(1, 9)]
        answer = _send(till, batch)
        assert answer.status_code == 200 and {one["state"] for one in answer.json["results"]} == {"taken"}
        if rng.random() < 0.5:  # else the answer is lost, and the till sends again
            left = left[len(batch) :]
    assert _count(session, "SELECT count(*) FROM sale_order") == 50
    assert _count(session, "SELECT last_seq FROM till_device") == 50
    assert _count(session, "SELECT count(*) FROM exception_case") == 0


def test_an_online_attempt_that_did_reach_us_is_known_and_one_that_comes_too_late_is_refused(session, shop, client):
    till = client()
    me = till.get("/api/staff/me").json["staff"]["id"]
    device = Device(shop, staff_id=me)
    body = device.sell(clock.now())
    uuid = json.loads(body)["uuid"]
    online = {
        "request_id": uuid, "lines": [{"sku_id": shop.skus["milk"], "qty": 1}], "expected_payable_fen": 990,
        "tenders": [{"kind": "cash", "received_fen": 990}],
    }  # fmt: skip
    receipt = till.post(SALES, online).json["receipt"]
    assert _send(till, [body]).json["results"] == [
        {"uuid": uuid, "state": "known", "reason": "", "order_no": receipt["no"]}
    ]
    later = device.sell(clock.now())
    assert _send(till, [later]).json["results"][0]["state"] == "taken"
    refused = till.post(SALES, online | {"request_id": json.loads(later)["uuid"]})
    assert (refused.status_code, refused.json["code"]) == (422, "request_id_reused")
    assert _count(session, "SELECT count(*) FROM sale_order") == 2


def test_one_that_cannot_be_read_holds_up_no_other(session, shop, client):
    till, device = client(), Device(shop)
    good = device.sell(clock.now())
    answer = till.post(
        SYNC, {"at_ms": 0, "documents": [{"uuid": "a", "body": "nonsense"}, {"uuid": "b", "body": good}]}
    )
    assert [one["state"] for one in answer.json["results"]] == ["unread", "taken"]
    assert till.post(SYNC, {"at_ms": 0, "documents": []}).status_code == 422


def test_a_till_hears_what_lies_ready_and_cheaply_that_nothing_changed(app, session, shop, client):
    till, path = client(), "/api/pos/sync/pickups"
    assert till.get(path).json["parcels"] == []
    order_id = make.order_online(session, shop, make.a_member(session, now=clock.now()), clock.now(), milk=2)
    make.pay_online(session, shop, order_id, clock.now())
    make.make_ready(session, shop, order_id, clock.now())
    first = till.get(path)
    [one] = first.json["parcels"]
    assert (one["store_id"], one["lines"][0]["qty"], len(one["proof"])) == (shop.store_id, 2, 32)
    again = till.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert Client(app, shop.till_token).get(path).status_code == 401
    body = Device(shop).hand_over(clock.now(), make.parcel(session, order_id), one["proof"], 2)
    assert _send(till, [body]).json["results"][0]["state"] == "taken"
    assert till.get(path).json["parcels"] == []


def test_what_was_sold_otherwise_than_we_would_have_is_listed_in_words(session, shop, client):
    till, device = client(), Device(shop)
    body = device.sell(clock.now() - timedelta(minutes=3), price_fen=890, milk=2)
    document = json.loads(body)
    assert _send(till, [body]).json["results"][0]["state"] == "taken"
    (one,) = till.get("/api/pos/sync/differences").json["differences"]
    assert (one["no"], one["payable_fen"], one["till_name"]) == (document["no"], 1_780, "1号机")
    row = {"code": "price", "name": "milk", "sku_id": shop.skus["milk"], "sold_fen": 1_780, "ours_fen": 1_980}
    assert one["rows"] == [row]
