"""Batches of events over HTTP, and the head office's reports on them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from config import clock
from config.clock import business_day, epoch_ms
from config.db import transaction
from member import consent
from recommend import bridge, counting, partitions
from tests import factories as make
from tests.mall.conftest import Shopper
from workers.jobs import count_behaviour


@pytest.fixture(autouse=True)
def tables(session):
    with transaction(session):
        partitions.keep(session, now=clock.now())


def batch(*kinds: str, **of: Any) -> dict[str, Any]:
    at = clock.now().isoformat()
    events = [{"id": str(uuid.uuid4()), "kind": kind, "at": at, "visit_id": str(uuid.uuid4())} for kind in kinds]
    said = {"anon_id": str(uuid.uuid4()), "sent_at": at, "consent_version": "2026-11", "app_version": "0.1.0"}
    return said | {"events": events} | of


def test_a_guest_who_agreed_is_taken_down_and_may_be_forgotten(guest):
    said = guest.get("/api/mall/events/consent").json["consent"]
    assert said == {"version": "2026-11", "given": None}
    told = batch("app_show", "page_view")
    assert guest.post("/api/mall/events", **told).json == {"stored": 2, "known": 0, "dropped": {}, "held": False}
    assert guest.post("/api/mall/events", **told).json == {"stored": 0, "known": 2, "dropped": {}, "held": False}
    assert guest.post("/api/mall/events/forget", anon_id=told["anon_id"]).json == {"gone": 2}
    assert guest.post("/api/mall/events/forget", anon_id=told["anon_id"]).json == {"gone": 0}


def test_what_cannot_be_taken_says_what_to_do(guest, app):
    refused = guest.post("/api/mall/events", **batch("app_show", consent_version=None))
    assert (refused.status_code, refused.json["code"]) == (409, "behaviour_not_agreed")
    before = clock.now()
    refused = guest.post("/api/mall/events", **batch("app_show", sent_at=(before - timedelta(hours=1)).isoformat()))
    assert (refused.status_code, refused.json["code"]) == (409, "clock_differs")
    assert epoch_ms(before) <= refused.json["facts"]["now_ms"] <= epoch_ms(clock.now())
    assert guest.post("/api/mall/events", **batch(*["page_view"] * 51)).status_code == 422
    assert Shopper(app, "nobody's").post("/api/mall/events", **batch("app_show")).status_code == 401


def test_a_members_answer_counts_and_not_the_devices(session, signed_in):
    member_id = make.a_member(session, now=clock.now())
    shopper = signed_in(member_id)
    assert shopper.post("/api/mall/events", **batch("app_show")).json["code"] == "behaviour_not_agreed"
    with transaction(session):
        yes: dict[str, Any] = {"given": True, "version": "2026-11", "channel": "mall", "actor": "test"}
        consent.answer(session, member_id, "personalisation", **yes, now=clock.now())
    assert shopper.get("/api/mall/events/consent").json["consent"]["given"] is True
    assert shopper.post("/api/mall/events", **batch("app_show", consent_version=None)).json["stored"] == 1


def test_what_waited_on_the_bridge_is_stored_once_and_only_of_who_agreed(session, open_session):
    said = batch("app_show", "page_view")
    kept = {name: said[name] for name in ("anon_id", "consent_version", "app_version", "events")}
    assert bridge.hold(kept, token_hash=None, now=clock.now())
    assert bridge.hold(kept, token_hash=None, now=clock.now())
    assert bridge.hold({**kept, "consent_version": None}, token_hash=None, now=clock.now())
    assert bridge.hold(kept, token_hash=b"nobody", now=clock.now())
    assert bridge.length() == 4
    count_behaviour.run(open_session)
    assert bridge.length() == 0
    today = business_day(clock.now())
    with transaction(session):
        assert counting.recount(session, today, today) == {}
    from recommend import reports

    assert reports.report(session, "funnel", today, today)[0]["visits"] == 2
