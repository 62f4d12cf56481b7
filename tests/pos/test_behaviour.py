"""The head office reads what people do in the mall."""

from __future__ import annotations

import uuid

from config import clock
from config.clock import business_day
from config.db import transaction
from recommend import counting, partitions
from recommend.behaviour import Sender, take


def test_the_head_office_reads_the_reports_and_a_store_does_not(session, client):
    now = clock.now()
    with transaction(session):
        partitions.keep(session, now=now)
    event = {"id": str(uuid.uuid4()), "visit_id": str(uuid.uuid4()), "at": now.isoformat(), "store_id": 1}
    taken = take(
        session,
        Sender(uuid.uuid4(), None, "2026-11", "0.1.0"),
        [event | {"kind": "page_view", "page": "pages/home/home"}],
        now=now,
    )
    assert taken.stored == 1
    with transaction(session):
        counting.count(session)
    today = business_day(now)
    span = f"?first={today}&last={today}"
    office = client("head_office")
    assert office.get(f"/api/desk/behaviour/pages{span}").json == {
        "rows": [{"page": "pages/home/home", "views": 1, "leaves": 0, "active_ms": 0}]
    }
    assert office.get(f"/api/desk/behaviour/funnel{span}&store_id=2").json["rows"][0]["visits"] == 0
    assert office.get(f"/api/desk/behaviour/weather{span}").status_code == 404
    assert office.get(f"/api/desk/behaviour/pages?first={today}&last=2020-01-01").json["code"] == "malformed"
    refused = client("store_manager").get(f"/api/desk/behaviour/pages{span}")
    assert (refused.status_code, refused.json["facts"]) == (403, {"permission": "office.behaviour"})
