"""The manager's strip over HTTP: figures by hand, and who may change how much a store takes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from trade.fulfilment import moves
from trade.fulfilment.states import Outcome
from trade.orders import fulfil

PATH = "/api/desk/intake"


def test_the_score_is_what_happened(session, shop, client):
    now = clock.now() - timedelta(minutes=30)
    member = make.a_member(session, now=now)
    done, refused = (make.order_online(session, shop, member, now, milk=2 - at) for at in range(2))
    for order in (done, refused):
        make.pay_online(session, shop, order, now)
    with transaction(session):
        fulfil.accept(session, make.parcel(session, done), actor="t", now=now + timedelta(seconds=40))
        parcel = make.parcel(session, refused)
        said: dict[str, Any] = {"reason": "overload", "actor": "t", "now": now}
        moves.move(session, parcel.store_id, parcel.id, "reject", **said)
        moves.answer(session, parcel.store_id, parcel.id, Outcome.REJECTED, **said)
    with transaction(session):
        fulfil.pick(session, make.parcel(session, done), 1, 2, actor="t", now=now + timedelta(minutes=2))
    with transaction(session):
        fulfil.ready(session, make.parcel(session, done), actor="t", now=now + timedelta(seconds=40 + 180))
    score = client("store_manager").get("/api/desk/scoreboard").json["score"]
    assert (score["asked"], score["answered"], score["rejected"], score["timed_out"]) == (2, 2, 1, 0)
    assert (score["accept_s"], score["pick_s"], score["picked"]) == (40, 180, 1)
    assert (score["wanted"], score["short"], score["no_shows"], score["waited"]) == (2, 0, 0, 1)
    assert (score["moved_in"], score["moved_out"]) == (0, 1)


def test_nothing_yet_is_no_figure(client):
    said = client("store_manager").get("/api/desk/scoreboard").json
    assert said["score"]["accept_s"] is None and said["score"]["asked"] == 0
    assert said["intake"] == {"paused_until": None, "closes_early_at": None, "capacity_minutes": 120}


def test_the_manager_pauses_shuts_and_sets_the_capacity(client):
    manager, shut_at = client("store_manager"), (clock.now() + timedelta(hours=1)).isoformat()
    assert manager.post(f"{PATH}/pause", {"minutes": 30}).json["intake"]["paused_until"]
    assert manager.post(f"{PATH}/pause", {"minutes": 0}).json["intake"]["paused_until"] is None
    assert manager.post(f"{PATH}/capacity", {"minutes": 60}).json["intake"]["capacity_minutes"] == 60
    assert manager.post(f"{PATH}/close-early", {"at": shut_at}).json["intake"]["closes_early_at"] == shut_at


def test_a_picker_or_a_past_hour_moves_nothing(session, client):
    before = session.execute(text("SELECT * FROM store ORDER BY id")).all()
    past = (clock.now() - timedelta(minutes=1)).isoformat()
    assert client("store_staff").post(f"{PATH}/pause", {"minutes": 30}).status_code == 403
    assert client("store_manager").post(f"{PATH}/close-early", {"at": past}).status_code == 422
    session.rollback()
    assert session.execute(text("SELECT * FROM store ORDER BY id")).all() == before


def test_the_next_window_is_for_an_empty_desk(client):
    assert client("store_staff").get("/api/desk/next-window").json["window"]["open"] is True


def test_goods_are_asked_for_from_a_store_by_name(shop, client):
    assert client("store_staff").get("/api/desk/stores").json["stores"] == [{"id": shop.store_id, "name": "通店S1"}]
