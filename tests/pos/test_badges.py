"""A badge says who wants the till; only their PIN signs them in."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from trade.stores import badges
from trade.stores.models import Role


def test_a_badge_names_the_colleague_and_signs_nobody_in(session, shop, client):
    till, cashier = client("store_manager"), shop.people[Role.CASHIER]
    shown = {one["badge"] for one in till.get("/api/pos/badges").json["badges"]}
    badge = badges.badge(shop.store_id, cashier)
    assert badge in shown
    before = session.scalar(text("SELECT count(*) FROM staff_session"))
    assert till.post("/api/pos/badge", {"code": badge}).json == {"staff_id": cashier}
    assert till.get("/api/staff/me").json["staff"]["role"] == "store_manager"
    assert session.scalar(text("SELECT count(*) FROM staff_session")) == before
    assert client("cashier").get("/api/pos/badges").status_code == 403


@pytest.mark.parametrize("wrong", ["tag", "other", "store", "shape", "left"])
def test_a_badge_that_is_not_ours_is_nobodys(session, shop, client, wrong):
    cashier = shop.people[Role.CASHIER]
    own = badges.badge(shop.store_id, cashier)
    code = {
        "tag": own[:-1] + ("A" if own[-1] != "A" else "B"),
        "other": own.replace(f".{cashier}.", f".{cashier + 1}."),
        "store": badges.badge(shop.store_id + 1, cashier),
        "shape": "TB.1.x.AAAA",
        "left": own,
    }[wrong]
    if wrong == "left":
        with transaction(session):
            session.execute(text("UPDATE staff SET active = false WHERE id = :id"), {"id": cashier})
    refused = client("store_manager").post("/api/pos/badge", {"code": code})
    assert (refused.status_code, refused.json["code"]) == (404, "badge_unknown")
