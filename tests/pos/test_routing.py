"""The head office sets and tries the weights of routing; a store rejects, and people help a parcel that is stuck."""

from __future__ import annotations

from datetime import timedelta
from json import dumps

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests.trade.fulfilment import chain
from tests.trade.fulfilment.stores import need, place
from tests.trade.fulfilment.test_replayed import COST_FIRST, stored
from trade.fulfilment import replayed
from trade.fulfilment.weights import Weights

TRIED = COST_FIRST.model_dump(mode="json")


@pytest.fixture
def office(client):
    return client("head_office")


def test_weights_are_read_published_and_refused_where_they_are_not_sound(session, office, client):
    told = office.get("/api/desk/routing/rules").json
    assert (told["version"], told["weights"]) == (0, Weights().model_dump(mode="json"))
    assert office.post("/api/desk/routing/rules", {"weights": TRIED}).json == {"version": 1}
    assert office.get("/api/desk/routing/rules").json == {"version": 1, "weights": TRIED}
    wrong = office.post("/api/desk/routing/rules", {"weights": {"tiers": [{"scores": {"whim": 1}}]}})
    assert (wrong.status_code, wrong.json["code"]) == (422, "malformed")
    assert client("store_manager").post("/api/desk/routing/rules", {"weights": TRIED}).status_code == 403
    assert session.scalar(text("SELECT count(*) FROM routing_rules")) == 1


def test_the_last_week_is_replayed_with_other_weights(session, shop, office, client):
    kept, chosen = stored(
        need({1: 1}, home_store_id=1), [place(1, {1: 9}, distance_m=3000), place(2, {1: 9}, distance_m=1000)]
    )
    insert = text("""INSERT INTO routing_decision (store_id, order_id, hop, at, candidates, chosen)
        VALUES (1, :order, 0, :at, CAST(:kept AS jsonb), CAST(:chosen AS jsonb))""")
    with transaction(session):
        for order, days in ((1, 1), (2, 6), (3, 8)):
            session.execute(insert, {"order": order, "at": clock.now() - timedelta(days=days),
                                     "kept": dumps(kept), "chosen": dumps(chosen)})  # fmt: skip
    before = session.scalar(text("SELECT count(*) FROM journal"))
    found = office.ask("/api/desk/routing/simulate", {"weights": TRIED}).json["replay"]
    assert (found["decisions"], found["of"], found["changed"]) == (2, 2, 2)
    assert (found["old"]["cost_fen"], found["new"]["cost_fen"]) == (1600, 1200)
    assert found["names"]["1"] == "通店S1"
    assert session.scalar(text("SELECT count(*) FROM journal")) == before
    assert client("store_manager").ask("/api/desk/routing/simulate", {"weights": TRIED}).status_code == 403
    with transaction(session):
        assert replayed.forget(session, before=clock.now() - timedelta(days=7)) == 1
    assert session.scalars(text("SELECT order_id FROM routing_decision ORDER BY 1")).all() == [1, 2]


def test_the_head_office_has_a_parcel_routed_again_or_names_its_store(session, shop, office):
    """Two stores refused a delivery and no other had time; then one has, and the office has the machine look again."""
    now = clock.now()
    chain.open_chain(session, 3, now, first=2)
    chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")
    chain.do(session, "UPDATE store SET capacity_minutes = 0 WHERE id > 2")
    order_id = chain.ordered(session, shop, now, milk=2)
    while chain.of(session, order_id)[0].state == "assigned":
        chain.refuse(session, chain.of(session, order_id)[0], now)
    case = session.scalar(text("SELECT id FROM exception_case WHERE kind = 'unroutable'"))
    path = f"/api/desk/centre/items/case-{case}"
    names = [one["name"] for one in office.get(path).json["item"]["remedies"]]
    assert names == ["route_again", "refund_parcel"]
    refused = office.post(f"{path}/remedy", {"remedy": "route_again"})
    assert (refused.status_code, refused.json["code"]) == (409, "nobody_can")
    lacking = office.post(f"{path}/remedy", {"remedy": "choose_store", "note": "电话", "given": {"at_store_id": "x"}})
    assert (lacking.status_code, lacking.json["facts"]["lacking"]) == (409, ["at_store_id"])
    assert chain.of(session, order_id)[0].state == "asking"
    chain.do(session, "UPDATE store SET capacity_minutes = 60 WHERE id = 3")
    ways = {one["name"]: one["choices"] for one in office.get(path).json["item"]["remedies"]}
    assert ways["choose_store"] == {"at_store_id": [{"value": 3, "label": "通店S3"}]}
    assert office.post(f"{path}/remedy", {"remedy": "route_again"}).status_code == 200
    (parcel,) = chain.of(session, order_id)
    assert (parcel.state, parcel.at_store_id, parcel.hop) == ("assigned", 3, 3)
    assert session.scalar(text("SELECT count(*) FROM exception_case WHERE resolved_at IS NULL")) == 0


def test_a_parcel_that_is_rejected_leaves_the_desk_with_its_effect_on_the_stock(session, shop, client):
    order_id = chain.ordered(session, shop, clock.now(), mode="pickup", milk=2)
    (parcel,) = chain.of(session, order_id)
    staff = client("store_staff")
    assert [one["id"] for one in staff.get("/api/desk/parcels").json["parcels"]] == [parcel.id]
    path = f"/api/desk/parcels/{parcel.id}/reject"
    assert staff.post(path, {"reason": "whim"}).status_code == 422
    assert client("cashier").post(path, {"reason": "not_found"}).status_code == 403
    assert chain.of(session, order_id) == [parcel]
    said = staff.post(path, {"reason": "not_found"})
    assert said.json == {"parcel": {"id": parcel.id, "state": "asking", "stage": "gone"}}
    assert staff.get("/api/desk/parcels").json["parcels"] == []
    assert (
        session.scalar(text("SELECT free_online FROM stock_level WHERE sku_id = :sku"), {"sku": shop.skus["milk"]}) == 0
    )
    assert staff.post(path, {"reason": "overload"}).status_code == 404
