"""The shift over HTTP: what a cashier is told and when, what needs a manager, and the Z on paper."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from pos.printing.slip import COLUMNS, columns
from tests import factories as make
from tests.devices import Device
from tests.pos import drawer
from trade.stores.models import Role, Till


def _sell(till, shop):
    body = {
        "lines": [{"sku_id": shop.skus["milk"], "qty": 1}],
        "expected_payable_fen": 990,
        "tenders": [{"kind": "cash", "received_fen": 990}],
    }
    answer = till.post("/api/pos/sales", body)
    assert answer.status_code == 201, answer.json


def _word(till, shop, action, subject, reason="找错零钱"):
    """A manager's approval, given by PIN at the till."""
    approver = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    asked = {"action": action, "subject": subject, "reason": reason, "approver": approver}
    return till.post("/api/pos/approvals", asked).json["approval"]["id"]


def _move(till, kind, fen, **more):
    return till.post("/api/pos/shift/cash", {"kind": kind, "fen": fen, "reason": "买水", **more})


def test_what_the_drawer_should_hold_is_in_no_answer_before_the_count_is_final(client, shop):
    till, device = client(), Device(shop)
    _sell(till, shop)
    assert _move(till, "paid_out", 200).json["moves"][0]["fen"] == 200
    seen = [till.get(path) for path in ("/api/pos/shift", "/api/pos/shift/x", f"/api/pos/shifts/{shop.shift_id}")]
    counted = drawer.count(till, shop, 20_000, device=device)
    assert (counted["state"], counted["differs"]) == ("counted", True)
    seen += [till.get(path) for path in ("/api/pos/shift", f"/api/pos/shifts/{shop.shift_id}")]
    told = ("20790", "20990", "990", "-790")  # expected, before the cash moved, the takings, the difference
    assert [word for answer in seen for word in told if f": {word}" in json.dumps(answer.json)] == []
    kept = till.post(f"/api/pos/shifts/{shop.shift_id}/keep").json["shift"]
    assert (kept["expected_fen"], kept["difference_fen"], kept["limit_fen"]) == (20_790, -790, 2_000)


def test_the_x_changes_nothing_and_tells_cash_only_to_who_may_approve(client, shop, session):
    till, manager = client(), client("store_manager")
    _sell(till, shop)
    _move(till, "drop", 5_000, goes_to="safe")
    before = session.execute(text("SELECT (SELECT json_agg(s) FROM shift s), (SELECT count(*) FROM journal)")).one()
    session.rollback()
    first = till.get("/api/pos/shift/x").json["x"]
    assert till.get("/api/pos/shift/x").json["x"] == first
    assert (first["figures"]["sales"], first["figures"]["tenders"], first["figures"]["drops_fen"]) == (1, {}, 5_000)
    assert {"expected_fen", "sold_fen", "rounding_fen"}.isdisjoint(first["figures"])
    lines = [{"name": "商品milk", "qty": 1, "list_fen": 990}]
    void = {"id": str(uuid.uuid4()), "reason": "left", "lines": lines, "payable_fen": 990, "after_subtotal": False}
    till.post("/api/pos/voids", void)
    assert till.get("/api/pos/shift/x").json["x"]["figures"]["voided"] == [
        {"name": "员工S1", "n": 1, "fen": 990, "approved": 0},
    ]  # fmt: skip
    before = session.execute(text("SELECT (SELECT json_agg(s) FROM shift s), (SELECT count(*) FROM journal)")).one()
    session.rollback()
    whole = manager.get("/api/pos/shift/x").json["x"]["figures"]
    assert (whole["expected_fen"], whole["tenders"], whole["sold_fen"]) == (15_990, {"cash": 990}, 990)
    after = session.execute(text("SELECT (SELECT json_agg(s) FROM shift s), (SELECT count(*) FROM journal)")).one()
    assert tuple(after) == tuple(before)


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "drop", "fen": 100},
        {"kind": "paid_in", "fen": 100, "goes_to": "safe"},
        {"kind": "paid_in", "fen": 0},
        {"kind": "paid_in", "fen": 100, "reason": ""},
        {"kind": "gift", "fen": 100},
    ],
)
def test_cash_that_moves_without_saying_how_is_not_noted(client, shop, session, bad):
    assert _move(client(), **{"goes_to": None, **bad}).status_code == 422
    assert session.scalar(text("SELECT count(*) FROM cash_move")) == 0


def test_a_repeat_notes_cash_once_and_a_closed_drawer_takes_none(client, shop, session):
    till, body = client(), {"kind": "paid_in", "fen": 100, "reason": "换零", "request_id": str(uuid.uuid4())}
    answers = [till.post("/api/pos/shift/cash", body) for _ in range(2)]
    assert answers[0].json == answers[1].json and len(answers[0].json["moves"]) == 1
    drawer.close(till, shop, 20_100)
    assert _move(till, "paid_in", 100).json["code"] == "shift_not_open"
    assert session.scalar(text("SELECT count(*) FROM cash_move")) == 1


def test_a_manager_says_why_a_count_is_off_and_their_word_counts_once(client, shop, session):
    till = client()
    drawer.count(till, shop, 10_000)
    path = f"/api/pos/shifts/{shop.shift_id}"
    assert till.post(f"{path}/settle").json["code"] == "wrong_state"
    till.post(f"{path}/keep")
    refused = till.post(f"{path}/settle").json
    assert (refused["code"], refused["facts"]) == (
        "variance_needs_approval", {"difference_fen": -10_000, "limit_fen": 2_000},
    )  # fmt: skip
    wrong = _word(till, shop, "variance", "shift:999")
    assert till.post(f"{path}/settle", {"approval_ids": [wrong]}).json["code"] == "approval_over"
    assert session.scalar(text("SELECT count(*) FROM shift_z")) == 0
    session.rollback()
    right = _word(till, shop, "variance", f"shift:{shop.shift_id}")
    settled = till.post(f"{path}/settle", {"approval_ids": [right]}).json
    assert (settled["shift"]["z_no"], settled["z"][0]["reason"]) == (1, "找错零钱")
    said = "SELECT data->>'approved_by' FROM journal WHERE kind = 'shift.settled'"
    assert session.scalar(text(said)) == str(shop.people[Role.STORE_MANAGER])


def test_a_gap_is_waited_for_or_a_manager_goes_on(client, shop):
    till, device = client(), Device(shop)
    lost = device.sell(clock.now())
    counted = drawer.count(till, shop, 20_990, device=device)
    assert (counted["state"], counted["missing"], counted["differs"]) == ("counted", 1, None)
    path = f"/api/pos/shifts/{shop.shift_id}"
    till.post(f"{path}/keep")
    assert till.post(f"{path}/settle").json == {
        "code": "shift_gap", "facts": {"missing": 1}, "message": till.post(f"{path}/settle").json["message"],
    }  # fmt: skip
    other = _word(till, shop, "variance", f"shift:{shop.shift_id}")
    assert till.post(f"{path}/settle", {"approval_ids": [other], "force": True}).json["code"] == "shift_gap"
    word = _word(till, shop, "shift_gap", f"shift:{shop.shift_id}")
    assert till.post(f"{path}/settle", {"approval_ids": [word]}).json["code"] == "approval_over"
    assert till.get(f"/api/pos/approvals/{other}").json["approval"]["state"] == "approved"
    assert till.post(f"{path}/settle", {"approval_ids": [word], "force": True}).json["z"][0]["missing"] == 1
    assert drawer.send(till, lost)[0]["state"] == "taken"
    assert [one["amended"] for one in till.get(f"{path}/z").json["z"]] == [0, 1]


def test_a_forgotten_shift_sells_nothing_new_until_a_manager_lets_it_go_on(client, shop, session):
    till = client()
    with transaction(session):
        session.execute(text("UPDATE shift SET sells_until = now() - interval '1 minute'"))
    body = {
        "lines": [{"sku_id": shop.skus["milk"], "qty": 1}],
        "expected_payable_fen": 990,
        "tenders": [{"kind": "cash", "received_fen": 990}],
    }
    assert till.post("/api/pos/sales", body).json["code"] == "shift_forgotten"
    assert session.scalar(text("SELECT count(*) FROM sale_order")) == 0
    session.rollback()
    assert till.post("/api/pos/shift/prolong").json["code"] == "approval_missing"
    word = _word(till, shop, "late_shift", f"shift:{shop.shift_id}", "夜间营业")
    assert till.post("/api/pos/shift/prolong", {"approval_ids": [word]}).json["shift"]["prolonged"] is True
    assert till.post("/api/pos/sales", body).status_code == 201


@pytest.mark.parametrize("width", ["58", "80"])
def test_the_z_on_paper_fits_and_a_reprint_says_so(client, shop, width):
    till = client()
    frame = client()
    del frame.headers["X-Till-Token"]  # a frame that prints sends none
    _sell(till, shop)
    _move(till, "paid_out", 1_200)
    drawer.close(till, shop, 19_700, taken_fen=9_700)
    path = f"/api/pos/shifts/{shop.shift_id}/z"
    assert [till.post(f"{path}/print").json["copy"] for _ in range(2)] == [0, 1]
    original, copy = (frame.get(f"{path}/{n}/print?width={width}").text for n in (0, 1))
    assert "Z000001" in original and "补打" not in original and "补打 1" in copy
    for words in ("应有现金", "197.90", "长短款", "-0.90", "留作备用金", "100.00", "校验"):
        assert words in original, words
    paper = till.get(f"{path}/0/escpos?width={width}").data.decode("gb18030", "replace")
    lines = [line for line in paper.splitlines() if "￥" in line or "  " in line]
    assert max(map(columns, lines)) <= COLUMNS[int(width)] + 8  # commands of the printer are no columns
    assert till.post(f"/api/pos/shifts/{shop.shift_id + 1}/z/print").json["code"] == "not_found"
    tills = [client() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        copies = sorted(pool.map(lambda one: one.post(f"{path}/print").json["copy"], tills))
    assert copies == [2, 3, 4, 5, 6, 7], "of those who print at once each has a number of its own"


def test_tills_share_a_drawer_by_a_managers_hand(app, client, shop, session):
    till, manager = client(), client("store_manager")
    with transaction(session):
        other = Till(store_id=shop.store_id, name="2号机")
        session.add(other)
        session.flush()
    [only] = till.get("/api/pos/drawers").json["drawers"]
    path = f"/api/pos/tills/{other.id}/drawer"
    assert till.post(path, {"drawer_id": only["id"]}).json["code"] == "not_permitted"
    assert manager.post(path, {"drawer_id": 999}).json["code"] == "not_found"
    shared = manager.post(path, {"drawer_id": only["id"]}).json["drawers"][0]
    assert (shared["tills"], shared["mine"]) == (["1号机", "2号机"], True)
    assert till.post("/api/pos/shifts/limit", {"variance_fen": 0}).json["code"] == "not_permitted"
    assert manager.post("/api/pos/shifts/limit", {"variance_fen": 0}).json == {"variance_fen": 0}


def test_who_switches_in_by_pin_has_the_shift_and_the_journal_says_so(client, shop, session):
    till = client()
    manager = shop.people[Role.STORE_MANAGER]
    assert till.post("/api/pos/pin", {"staff_id": manager, "pin": make.PIN}).status_code == 200
    said = "SELECT actor, data->>'staff_id' FROM journal WHERE kind = 'shift.handed_over'"
    assert session.execute(text(said)).all() == [(f"staff:{manager}", str(manager))]
