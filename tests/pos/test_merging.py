"""The head office makes one member of two, looks, and undoes it."""

from __future__ import annotations

import pytest

from config import clock
from tests import factories as make
from workers.jobs import follow_merge


@pytest.fixture
def two(session, shop):
    return [
        make.a_member(session, phone=phone, points_of=points, now=clock.now())
        for phone, points in (("13812342046", 500), ("13912345678", 300))
    ]


def test_the_head_office_merges_and_undoes_it(client, session, two):
    stays, goes = two
    office = client("head_office")
    path = f"/api/pos/members/{stays}"
    said = office.post(f"{path}/merge", {"source_id": goes}).json
    assert said["member"]["points"] == 800
    [told] = office.get(f"{path}/merges").json["merges"]
    assert (told["id"], told["source_id"], told["unmerged_at"]) == (said["merge_id"], goes, None)
    undo = f"/api/pos/members/merges/{said['merge_id']}/undo"
    assert [office.post(undo).json for _ in range(2)] == [{"undone": True}, {"undone": False}]
    found = office.get("/api/pos/members?q=13912345678")
    assert found.json["code"] == "not_permitted"
    [back] = client().get("/api/pos/members?q=13912345678").json["members"]
    assert (back["id"], back["points"]) == (goes, 300)


def test_the_tiers_and_the_activity_follow_both_ways(client, session, two):
    from sqlalchemy import text

    stays, goes = two
    office = client("head_office")
    merge_id = office.post(f"/api/pos/members/{stays}/merge", {"source_id": goes}).json["merge_id"]
    office.post(f"/api/pos/members/merges/{merge_id}/undo")
    session.rollback()
    facts = text("SELECT id FROM journal WHERE kind IN ('member.merged', 'member.unmerged') ORDER BY id")
    rows = session.execute(facts).scalars().all()
    assert (len(rows), follow_merge.run(rows, now=clock.now())) == (2, 2)


def test_nobody_else_merges_and_a_member_is_not_merged_with_themself(client, two):
    stays, goes = two
    path = f"/api/pos/members/{stays}/merge"
    for role in ("cashier", "store_manager"):
        assert client(role).post(path, {"source_id": goes}).json["code"] == "not_permitted"
    office = client("head_office")
    assert office.post(path, {"source_id": stays}).json["code"] == "malformed"
    assert office.post(path, {"source_id": 999}).json["code"] == "not_found"
    assert office.post("/api/pos/members/merges/999/undo").json["code"] == "not_found"
