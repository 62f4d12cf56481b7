from __future__ import annotations

from datetime import timedelta

import pytest

from config import clock
from member.tier_rules import FIRST
from tests import factories as make

GOLD = {"kind": "tier", "codes": ["gold"]}


@pytest.fixture
def office(client):
    return client("head_office")


def test_a_segment_is_sized_saved_changed_and_dropped(session, office):
    for number in range(3):
        make.a_member(session, phone=f"1381234200{number}", now=clock.now())
    everybody = {"kind": "joined", "min": 0}
    assert office.ask("/api/desk/segments/preview", {"definition": everybody}).json == {"size": 3}
    made = office.post("/api/desk/segments", {"name": "all", "definition": everybody, "holdout_bp": 0})
    assert (made.status_code, made.json["segment"]["size"]) == (201, 3)
    path = f"/api/desk/segments/{made.json['segment']['id']}"
    assert office.post(path, {"name": "gold", "definition": GOLD}).json["segment"]["size"] == 0
    assert [one["name"] for one in office.get("/api/desk/segments").json["segments"]] == ["gold"]
    assert office.post(f"{path}/drop").status_code == 200
    assert office.get("/api/desk/segments").json["segments"] == []


def test_a_wrong_condition_says_where(session, office):
    wrong = {"all": [GOLD, {"kind": "points"}]}
    answer = office.post("/api/desk/segments", {"name": "x", "definition": wrong})
    assert (answer.status_code, answer.json["code"]) == (422, "bad_segment")
    assert answer.json["facts"]["where"].startswith("all.all.1.points")
    assert office.get("/api/desk/segments").json["segments"] == []


def test_a_tier_is_granted_until_a_date(session, office):
    member = make.a_member(session, now=clock.now())
    path, until = f"/api/desk/members/{member}/tier", clock.now() + timedelta(days=90)
    body = {"tier": "gold", "until": until.isoformat(), "reason": "投诉补偿"}
    assert office.post(path, body).json == {"tier": "gold"}
    page = office.get(path).json["tier"]
    assert (page["tier"]["code"], page["why"]) == ("gold", "granted")
    for_ever = {**body, "until": (clock.now() + timedelta(days=4000)).isoformat()}
    assert office.post(path, for_ever).json["code"] == "bad_tier_grant"


def test_rules_are_published_by_the_head_office_only(session, office, client):
    found = office.get("/api/desk/tiers").json["rules"]
    assert [level["code"] for level in found["levels"]] == [level.code for level in FIRST.levels]
    asked = {"from_at": clock.now().isoformat(), **found, "grace_days": 0}
    assert office.post("/api/desk/tiers", asked).status_code == 201
    assert office.get("/api/desk/tiers").json["rules"]["grace_days"] == 0
    bad = {**asked, "levels": found["levels"][1:]}
    assert office.post("/api/desk/tiers", bad).json["facts"]["fault"] == "first_level"
    assert client("store_manager").post("/api/desk/tiers", asked).json["code"] == "not_permitted"
