"""Credit over HTTP: who may see what, and what is asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make
from trade.orders.numbers import number
from trade.stores.models import Role
from workers.jobs import post_credits


@pytest.fixture
def sold(session, shop):
    """An order rung up today at the shop, credited to its cashier."""
    member = make.a_member(session, now=clock.now())
    order = make.ring_up(session, shop, clock.now(), member_id=member, milk=2)
    ids = list(session.scalars(text("SELECT id FROM journal WHERE kind = 'order.sold'")))
    session.rollback()
    post_credits.run(ids)
    return member, order


def _month():
    return f"{clock.now().astimezone(clock.SHANGHAI):%Y-%m}"


def test_a_manager_sees_the_month_and_why(session, shop, sold, client):
    manager = client("store_manager")
    told = manager.get(f"/api/desk/credits/statement?month={_month()}").json["statement"]
    assert (told["amount_fen"], told["closed_at"], told["lines"][0]["base_fen"]) == (1_980, None, 1_980)
    asked = manager.get(f"/api/desk/credits/order?order_no={number(shop.store_id, sold[1])}").json["credit"]
    assert [(one["role"], one["bp"]) for one in asked["shares"]] == [("fulfilling", 10_000)]
    assert asked["amount_fen"] == 1_980
    assert client("cashier").get(f"/api/desk/credits/statement?month={_month()}").json["code"] == "not_permitted"


def test_another_store_s_order_is_not_shown(session, shop, sold, client):
    make.open_shop(session, code="S2", now=clock.now())
    other = client("store_manager")
    assert other.sign_in("store_manager-S2").status_code == 200
    assert other.get(f"/api/desk/credits/order?order_no={number(shop.store_id, sold[1])}").json["code"] == "not_found"
    told = other.get(f"/api/desk/credits/statement?month={_month()}&store_id={shop.store_id}").json["statement"]
    assert told["lines"] == []  # one's own store, whatever is asked for


def test_the_head_office_publishes_and_closes(session, shop, sold, client):
    office = client("head_office")
    body = {"preset": "owner_70", "from_at": (clock.now() + timedelta(hours=1)).isoformat()}
    assert office.post("/api/desk/credits/rules", body).status_code == 201
    assert [one["preset"] for one in office.get("/api/desk/credits/rules").json["rules"]] == ["owner_70"]
    wrong = office.post("/api/desk/credits/rules", {**body, "fee_kind": "order", "fee": 5})
    assert (wrong.status_code, wrong.json["facts"]["fields"]) == (422, {"fee_kind": "value"})
    assert office.post("/api/desk/credits/close", {"month": _month()}).json["code"] == "wrong_state"
    assert office.post("/api/desk/credits/close", {"month": "2026-01"}).json == {"month": "2026-01"}
    assert client("store_manager").post("/api/desk/credits/rules", body).json["code"] == "not_permitted"


def test_a_manager_names_guides_of_the_own_store_only(session, shop, sold, client):
    other = make.open_shop(session, code="S2", now=clock.now())
    manager, mine = client("store_manager"), shop.people[Role.STORE_STAFF]
    asked = {"member_id": sold[0], "staff_id": mine}
    assert manager.post("/api/desk/credits/guide", asked).json == {"changed": True}
    assert manager.post("/api/desk/credits/guide", asked).json == {"changed": False}
    foreign = {"member_id": sold[0], "staff_id": other.people[Role.STORE_STAFF]}
    assert manager.post("/api/desk/credits/guide", foreign).json["code"] == "not_found"


def test_the_days_of_the_bill_are_the_head_office_s(session, client):
    assert client("head_office").get("/api/desk/bills").json == {"days": []}
    assert client("head_office").get("/api/desk/bills/differences?day=2026-11-23").json == {"differences": []}
    assert client("store_manager").get("/api/desk/bills").json["code"] == "not_permitted"
