"""The drawer without a sale needs a manager's word, once, and is a row of the journal."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config import clock
from config.clock import epoch_ms
from tests import factories as make
from tests.devices import Device
from tests.pos import drawer
from trade.stores.models import Role

OPEN = "/api/pos/drawer/open"


def _approved(till, shop):
    ask = {
        "action": "no_sale", "subject": f"till:{shop.till_id}", "reason": "兑换零钱",
        "approver": {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN},
    }  # fmt: skip
    return till.post("/api/pos/approvals", ask).json["approval"]["id"]


def _told(session):
    found = session.execute(text("SELECT subject, actor, data FROM journal WHERE kind = 'drawer.opened' ORDER BY id"))
    rows = found.all()
    session.rollback()
    return rows


def test_it_opens_with_a_managers_word_and_is_written_down(session, shop, client):
    till = client()
    answer = till.post(OPEN, {"approval_ids": [_approved(till, shop)]})
    assert answer.status_code == 201
    [row] = _told(session)
    assert row.subject == f"till:{shop.store_id}:{shop.till_id}"
    assert row.actor == f"staff:{shop.people[Role.CASHIER]}"
    assert row.data["approved_by"] == f"staff:{shop.people[Role.STORE_MANAGER]}"
    assert (row.data["reason"], row.data["told_at"], row.data["shift_id"]) == ("兑换零钱", None, shop.shift_id)


def test_without_a_word_or_with_a_used_one_nothing_opens(session, shop, client):
    till = client()
    assert till.post(OPEN).json["code"] == "approval_missing"
    word = _approved(till, shop)
    assert till.post(OPEN, {"approval_ids": [word]}).status_code == 201
    assert till.post(OPEN, {"approval_ids": [word]}).json["code"] == "approval_over"
    assert len(_told(session)) == 1


def test_of_two_openings_with_one_word_one_is_let(session, shop, client):
    till = client()
    word = _approved(till, shop)
    others = [client() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(lambda one: one.post(OPEN, {"approval_ids": [word]}).status_code, others))
    assert codes == [201, 409, 409, 409] and len(_told(session)) == 1


def _written(shop, **other):
    """A delivery of one document of an opening without network."""
    device, at = Device(shop), clock.now()
    said = {
        "v": 1, "kind": "drawer", "uuid": "11111111-2222-4333-8444-555555555555", "no": "X0000000001",
        "device": device.id, "seq": 1, "prev": device.prev, "shift_id": shop.shift_id,
        "staff_id": shop.people[Role.CASHIER], "at_ms": epoch_ms(at), "offset_ms": 0,
        "approver_id": shop.people[Role.STORE_MANAGER], "reason": "整理大钞",
    } | other  # fmt: skip
    return {"at_ms": epoch_ms(at), "documents": [{"uuid": said["uuid"], "body": device.write(said)}]}


def test_without_network_it_is_told_later_once(session, shop, client):
    till, sent = client(), _written(shop)
    for _ in range(2):
        assert till.post("/api/pos/sync", sent).json["results"][0]["state"] == "taken"
    [row] = _told(session)
    assert row.data["reason"] == "整理大钞" and row.data["told_at"]
    given = text("SELECT action, state, alone, approver_id, asked_by FROM approval")
    assert session.execute(given).all() == [
        ("no_sale", "used", True, shop.people[Role.STORE_MANAGER], shop.people[Role.CASHIER])
    ]


@pytest.mark.parametrize("wrong", ["money", "cashier", "nobody"])
def test_a_drawer_document_with_money_or_without_a_manager_waits_on_the_desk(session, shop, client, wrong):
    of = {"money": {"payable_fen": 100}, "cashier": {"approver_id": shop.people[Role.CASHIER]}}
    sent = _written(shop, **of.get(wrong, {"staff_id": 999}))
    assert client().post("/api/pos/sync", sent).json["results"][0]["state"] == "excepted"
    assert _told(session) == []


def test_in_a_shift_that_was_opened_without_network_it_is_of_that_shift(session, shop, client):
    till, device, now = client(), Device(shop, staff_id=shop.people[Role.CASHIER]), clock.now()
    drawer.close(till, shop, 20_000)
    opened = device.open(now, 20_000)
    name = json.loads(opened)["shift_uuid"]
    manager = shop.people[Role.STORE_MANAGER]
    of = {"shift_id": 0, "shift_uuid": name, "approver_id": manager, "reason": "整理大钞"}
    rang = device.write(device._of_shift("drawer", now, **of))
    states = [result["state"] for result in drawer.send(till, opened, rang)]
    assert states == ["taken", "taken"]
    shift_id = session.execute(text("SELECT id FROM shift WHERE uuid = :name"), {"name": name}).scalar_one()
    [row] = _told(session)
    assert row.data["shift_id"] == shift_id != 0


def test_of_a_shift_that_the_till_never_had_it_waits_on_the_desk(session, shop, client):
    [result] = client().post("/api/pos/sync", _written(shop, shift_id=999)).json["results"]
    assert (result["state"], result["reason"]) == ("excepted", "unknown_shift")
    assert _told(session) == []
    assert session.execute(text("SELECT count(*) FROM approval")).scalar_one() == 0
