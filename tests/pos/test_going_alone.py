"""A store decides whether its tills sell without network freely; who allowed it stands in the shift's report."""

from __future__ import annotations

import re

from sqlalchemy import text

from config import clock
from tests.devices import Device
from tests.pos import drawer
from trade.stores.models import Role

LIMITS, SET = "/api/pos/rules/limits", "/api/pos/rules/alone"


def test_a_manager_decides_and_every_till_hears_of_it(session, client):
    till, manager = client(), client("store_manager")
    free = {"by_manager": False, "minutes": 240, "qr": False, "qr_sale_fen": 20_000, "qr_outage_fen": 200_000}
    first = till.get(LIMITS)
    assert first.json["alone"] == free
    till.headers["If-None-Match"] = first.headers["ETag"]
    assert till.get(LIMITS).status_code == 304
    wanted = free | {"by_manager": True, "minutes": 90, "qr": True, "qr_sale_fen": 10_000}
    assert till.post(SET, wanted).json["code"] == "not_permitted"
    for wrong in ({"minutes": 14}, {"qr_sale_fen": 200_001}, {"qr_sale_fen": 0}):
        assert manager.post(SET, wanted | wrong).status_code == 422
    assert session.scalar(text("SELECT count(*) FROM alone_rule")) == 0
    session.rollback()
    assert manager.post(SET, wanted).json == {"alone": wanted}
    assert till.get(LIMITS).json["alone"] == wanted
    assert session.scalar(text("SELECT data->>'minutes' FROM journal WHERE kind = 'store.alone_changed'")) == "90"


def test_a_word_given_alone_is_in_x_and_on_the_paper_of_the_z(shop, client):
    till, device = client(), Device(shop)
    word = device.word(clock.now(), "offline_mode", shop.people[Role.STORE_MANAGER], reason="宽带断了")
    assert [one["state"] for one in drawer.send(till, word, device.sell(clock.now()))] == ["taken", "taken"]
    [shown] = till.get("/api/pos/shift/x").json["x"]["words"]
    assert (shown["action"], shown["reason"]) == ("offline_mode", "宽带断了")
    drawer.close(till, shop, 20_990, device=device)
    frame = client()
    del frame.headers["X-Till-Token"]  # a frame that prints sends none
    till.post(f"/api/pos/shifts/{shop.shift_id}/z/print")
    paper = frame.get(f"/api/pos/shifts/{shop.shift_id}/z/0/print?width=58").text
    said = re.sub("<[^>]+>|\\s", "", paper)
    assert "离线批准离线收银" in said and "宽带断了" in said
