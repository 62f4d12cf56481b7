from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make
from workers.jobs import make_exports


@pytest.fixture
def me(session, shop, signed_in):
    return signed_in(make.a_member(session, points_of=120, now=clock.now()))


def test_a_customer_asks_for_a_copy_and_takes_it_once(session, me):
    assert me.get("/api/mall/me/export").json == {"export": None}
    assert me.post("/api/mall/me/export").json["export"]["state"] == "making"
    assert me.post("/api/mall/me/export/take").json["code"] == "export_not_ready"
    make_exports.run(session.execute(text("SELECT id FROM journal WHERE kind = 'member.export_asked'")).scalars().all())
    assert me.get("/api/mall/me/export").json["export"]["state"] == "ready"
    assert me.post("/api/mall/me/export/take").json["data"]["known_by"][0]["value"] == "13812342046"
    assert me.post("/api/mall/me/export/take").status_code == 404


def test_a_customer_leaves_and_stays_after_all(me):
    assert me.get("/api/mall/me/delete").json == {"leaving": None}
    said = me.post("/api/mall/me/delete").json["leaving"]
    assert said["waits_for"] is None
    assert me.get("/api/mall/me/delete").json["leaving"] == said
    assert me.post("/api/mall/me/delete/cancel").json == {"leaving": None}
    assert me.get("/api/mall/me/delete").json == {"leaving": None}


def test_stored_value_is_said_before_anybody_leaves(session, shop, me):
    make.top_up(session, shop, 1, 10_000, clock.now())
    said = me.post("/api/mall/me/delete")
    assert (said.status_code, said.json["code"]) == (409, "stored_value_left")
    assert "100.00" in said.json["message"]
