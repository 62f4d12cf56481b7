"""The desk over HTTP: a delivery, a counter, a wave, and who may do what."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import CheckConstraint, text

from config import clock
from config.settings import ROOT
from tests import factories as make
from tests.pos.conftest import Client
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import lost_phone, pickup
from trade.fulfilment.models import Substitution
from trade.orders import substituting
from trade.stores.models import Role
from workers.jobs import send_messages


@pytest.fixture
def desk(client):
    return client("store_staff")


@pytest.fixture
def order(session, shop):
    """A pickup of two milk that its store has accepted."""
    made = chain.ordered(session, shop, clock.now(), mode="pickup", milk=2)
    hands.accepted(session, made, clock.now())
    return made


def _path(session, order):
    return f"/api/desk/parcels/{hands.of(session, order).id}"


def _code(session, order):
    return pickup.open_code(bytes(hands.of(session, order).pickup_sealed))


def test_a_delivery_from_scan_to_door(session, shop, desk):
    chain.do(
        session,
        "UPDATE store SET area = CAST(:area AS jsonb), opens_minute = 0, closes_minute = 1440",
        area=chain.SQUARE,
    )
    order = chain.ordered(session, shop, clock.now(), milk=2)
    path = _path(session, order)
    card = desk.post(f"{path}/accept").json["parcel"]
    assert (card["stage"], card["taken_by"]) == ("picking", "员工S1")
    wrong = desk.post(f"{path}/scan", {"code": make.BARCODES["bread"]})
    assert (wrong.status_code, wrong.json["code"]) == (409, "wrong_item")
    for qty in (1, 2):
        card = desk.post(f"{path}/scan", {"code": make.BARCODES["milk"]}).json["parcel"]
        assert card["lines"][0]["picked_qty"] == qty
    assert desk.post(f"{path}/ready").json["code"] == "wrong_mode"
    card = desk.post(f"{path}/pack", {"bags": 1, "seals": ["A1"]}).json["parcel"]
    assert (card["state"], card["seals"]) == ("packed", ["A1"])
    assert desk.post(f"{path}/unpack", {"reason": "少装"}).status_code == 403
    assert desk.post(f"{path}/call-courier", {"carrier": "闪送"}).json["parcel"]["carrier"] == "闪送"
    assert desk.post(f"{path}/hand", {"bags": 1, "seals": []}).json["code"] == "seals_differ"
    card = desk.post(f"{path}/hand", {"bags": 1, "seals": ["A1"], "tracking_no": "SS9"}).json["parcel"]
    assert (card["stage"], card["tracking_no"], card["notice"]["event"]) == ("away", "SS9", "handed")
    assert desk.post(f"{path}/failed", {"because": "absent"}).json["parcel"]["stage"] == "back"
    back = {"bags": 1, "seals": ["A1"], "lines": [{"line_no": 1, "good": 2}]}
    assert desk.post(f"{path}/came-back", back).json["parcel"]["state"] == "returned"
    assert hands.level(session, shop, "milk") == {"on_hand": 5}
    assert hands.refunds(session, order) == [1980]


def test_a_queue_longer_than_its_page_says_how_long_it_is(session, shop, desk, order):
    chain.ordered(session, shop, clock.now(), mode="pickup", milk=1)
    page = desk.get("/api/desk/parcels?most=1").json
    assert (len(page["parcels"]), page["total"]) == (1, 2)
    assert page["counts"] == {"new": 1, "picking": 1, "ready": 0}
    assert len(desk.get("/api/desk/parcels").json["parcels"]) == 2


def test_what_is_lacking_is_given_up_and_refunded(session, shop, desk, order):
    path = _path(session, order)
    shown = [desk.ask(f"{path}/short/preview", {"line_no": 1, "found_qty": qty}).json for qty in (1, 0)]
    assert [(one["refund_fen"], one["whole"]) for one in shown] == [(990, False), (1980, True)]
    assert desk.ask(f"{path}/short/preview", {"line_no": 1, "found_qty": 2}).status_code == 404
    assert hands.refunds(session, order) == [] and hands.of(session, order).state == "accepted"
    card = desk.post(f"{path}/short", {"line_no": 1, "found_qty": 1}).json["parcel"]
    assert [(line["picked_qty"], line["short_qty"], line["count_due"]) for line in card["lines"]] == [(1, 1, True)]
    assert hands.refunds(session, order) == [990]
    assert desk.post(f"{path}/short", {"line_no": 1, "found_qty": 1}).json["code"] == "not_found"
    assert desk.post(f"{path}/ready").json["parcel"]["state"] == "ready"


def test_a_substitute_is_shown_on_the_card(session, shop, desk, order):
    path, asked = _path(session, order), {"line_no": 1, "by_sku_id": shop.skus["bread"]}
    (offered,) = desk.post(f"{path}/substitute", asked).json["parcel"]["lines"][0]["substitutes"]
    assert (offered["refund_fen"], offered["outcome"]) == (680, None)
    no = desk.post(f"{path}/substitute", {"line_no": 1, "by_sku_id": shop.skus["apple"]})
    assert (no.status_code, no.json["code"], no.json["facts"]) == (409, "no_substitute", {"because": "kind"})


def test_the_desk_has_words_for_every_end_of_a_substitution_and_every_no():
    words = json.loads((ROOT / "config/web/locale/zh-CN.json").read_text())
    checks = [str(one.sqltext) for one in Substitution.__table_args__ if isinstance(one, CheckConstraint)]
    outcomes = set(re.findall(r"'(\w+)'", next(one for one in checks if one.startswith("outcome"))))
    assert outcomes == {key.removeprefix("swap.outcome.") for key in words if key.startswith("swap.outcome.")}
    noes = set(re.findall(r"`(\w+)`", str(substituting.NoSubstitute.__doc__).partition("`because` is")[2]))
    assert noes == {key.removeprefix("swap.because.") for key in words if key.startswith("swap.because.")}


def test_the_counter_hands_a_part_and_then_the_rest(session, shop, desk, order):
    path = _path(session, order)
    desk.post(f"{path}/pick", {"line_no": 1, "picked_qty": 2})
    desk.post(f"{path}/ready")
    code = _code(session, order)
    assert desk.post("/api/desk/pickup/check", {"code": code}).json["parcel"]["lines"][0]["picked_qty"] == 2
    part = {"code": code, "lines": [{"line_no": 1, "qty": 1}]}
    card = desk.post("/api/desk/pickup/hand-over", part).json["parcel"]
    assert (card["state"], card["lines"][0]["handed_qty"]) == ("ready", 1)
    qr, _ = pickup.show(hands.of(session, order), now=clock.now())
    assert desk.post("/api/desk/pickup/hand-over", {"code": qr}).json["parcel"]["state"] == "delivered"
    used = desk.post("/api/desk/pickup/check", {"code": code})
    assert (used.status_code, used.json["code"], used.json["facts"]["place"]) == (409, "already_collected", "通店S1")
    assert hands.level(session, shop, "milk") == {"on_hand": 3}


def test_another_store_hears_where_it_lies_and_a_try_is_counted(session, app, shop, desk, order):
    hands.picked(session, order, clock.now())
    desk.post(f"{_path(session, order)}/ready")
    other = Client(app, make.open_shop(session, code="S2", now=clock.now()).till_token)
    other.sign_in("store_staff-S2")
    no = other.post("/api/desk/pickup/hand-over", {"code": _code(session, order)})
    assert (no.status_code, no.json["code"]) == (409, "pickup_elsewhere")
    assert no.json["facts"] == {"place": "通店S1", "tries_left": 4}
    assert hands.of(session, order).state == "ready"
    assert other.post(f"{_path(session, order)}/pick", {"line_no": 1, "picked_qty": 0}).status_code == 404


def test_without_the_phone_a_manager_agrees(session, shop, client, desk, order):
    hands.picked(session, order, clock.now())
    desk.post(f"{_path(session, order)}/ready")
    parcel = hands.of(session, order)
    tail = session.scalar(text("SELECT right(phone_masked, 4) FROM member"))
    (shown,) = desk.get(f"/api/desk/pickup/lost-phone?tail={tail}").json["parcels"]
    assert sorted(shown) == ["customer", "id", "items", "no", "proof"]
    asked = {"parcel_id": parcel.id, "tail": tail}
    assert desk.post("/api/desk/pickup/lost-phone/send", asked).json == {"sends": 1}
    assert send_messages.run() == 0
    (sent,) = desk.get(f"/api/desk/pickup/lost-phone?tail={tail}").json["parcels"]
    assert (shown["proof"], sent["proof"]["state"]) == (None, "not_authorised")
    asked |= {"code": lost_phone.sent_code(session, parcel.store_id, parcel.id), "reason": "手机没电"}
    assert desk.post("/api/desk/pickup/lost-phone/hand-over", asked).json["code"] == "manager_needed"
    by = {"approver": {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}}
    wrong = asked | by | {"code": f"{(int(asked['code']) + 1) % 10**6:06d}"}
    assert desk.post("/api/desk/pickup/lost-phone/hand-over", wrong).json["facts"] == {"tries_left": 4}
    assert hands.of(session, order).state == "ready"
    assert desk.post("/api/desk/pickup/lost-phone/hand-over", asked | by).json["parcel"]["state"] == "delivered"
    told = session.scalar(text("SELECT data FROM journal WHERE kind = 'parcel.collected'"))
    assert (told["reason"], told["approver_id"]) == ("手机没电", shop.people[Role.STORE_MANAGER])


def test_a_wave_is_planned_walked_and_closed(session, shop, desk, order):
    (wave,) = desk.post("/api/desk/waves").json["waves"]
    path = f"/api/desk/waves/{wave['id']}"
    assert desk.post(f"{path}/picker", {"picker_id": shop.people[Role.STORE_STAFF]}).json["wave"]["picker"] == "员工S1"
    no = desk.post(f"{path}/scan", {"tote": 1, "code": make.BARCODES["bread"]})
    assert (no.status_code, no.json["code"]) == (409, "wrong_item")
    done = desk.post(f"{path}/scan", {"tote": 1, "code": make.BARCODES["milk"], "picked_qty": 2}).json["wave"]
    assert (done["qty"], done["picked_qty"]) == (2, 2)
    assert desk.post(f"{path}/scan", {"tote": 2, "code": make.BARCODES["milk"]}).status_code == 404
    (card,) = desk.get("/api/desk/parcels").json["parcels"]
    assert card["waves"] == [{"wave_id": wave["id"], "tote": 1, "temperature": "ambient", "picker": "员工S1"}]
    assert desk.post(f"{path}/close").json["wave"]["closed_at"]
    assert desk.get("/api/desk/waves").json == {"waves": []}


def test_a_ready_message_is_shown_and_sent_again(session, shop, desk, order):
    hands.picked(session, order, clock.now())
    path = _path(session, order)
    notice = desk.post(f"{path}/ready").json["parcel"]["notice"]
    assert (notice["event"], notice["state"], notice["resends_left"]) == ("ready", "queued", 3)
    for left in (2, 1, 0):
        assert desk.post(f"{path}/notify", {"event": "ready"}).json["parcel"]["notice"]["resends_left"] == left
    assert desk.post(f"{path}/notify", {"event": "ready"}).json["code"] == "resend_limit"
