"""A manager's word elevates exactly one action (rules 3.7): who asked, who approved, why, before and after, where."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from trade.stores.approvals import moves
from trade.stores.approvals.states import MOVES, Action, State
from trade.stores.models import Role

WHAT = {"before_fen": 1_980, "after_fen": 1_500, "lines": [{"name": "纯牛奶", "before_fen": 990, "after_fen": 750}]}


def _ask(till, shop, pin=None, **more):
    asked = {"action": "void", "subject": "basket", "reason": "顾客不要了", "what": WHAT} | more
    if pin:
        asked["approver"] = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": pin}
    return till.post("/api/pos/approvals", asked)


def _use(session, shop, ids, action=Action.VOID, **other):
    at = {"subject": "basket", "till_id": shop.till_id, "staff_id": shop.people[Role.CASHIER], "now": clock.now()}
    with transaction(session):
        return moves.use(session, shop.store_id, ids, action, **{**at, **other}, voided_fen=1_980)


def _states(session):
    found = list(session.scalars(text("SELECT state FROM approval ORDER BY id")))
    session.rollback()
    return found


def _facts(session):
    rows = session.execute(text("SELECT kind, actor, data FROM journal WHERE kind LIKE 'approval.%' ORDER BY id")).all()
    session.rollback()
    return rows


def test_a_manager_s_pin_lets_one_thing_happen_once_and_the_cashier_stays(session, shop, client):
    till = client("cashier")
    made = _ask(till, shop, make.PIN).json["approval"]
    assert (made["state"], made["approver_name"], made["what"]) == ("approved", "员工S1", WHAT)
    assert till.get("/api/staff/me").json["staff"]["role"] == "cashier"
    given = _use(session, shop, [made["id"]])
    assert (given.actor, given.reason) == (f"staff:{shop.people[Role.STORE_MANAGER]}", "顾客不要了")
    with pytest.raises(moves.ApprovalOver):
        _use(session, shop, [made["id"]])
    asked, said, used = _facts(session)
    cashier, manager = (f"staff:{shop.people[role]}" for role in (Role.CASHIER, Role.STORE_MANAGER))
    assert [row.actor for row in (asked, said, used)] == [cashier, manager, manager]
    assert (used.kind, used.data["asked_by"], used.data["till_id"]) == ("approval.used", cashier, shop.till_id)
    assert (used.data["reason"], used.data["what"], used.data["voided_fen"]) == ("顾客不要了", WHAT, 1_980)


def test_it_is_good_for_nothing_else(session, shop, client):
    """Not for another action, another thing, another cashier, another till, nor ten minutes later."""
    other = make.open_shop(session, code="S2", now=clock.now())
    made = _ask(client("cashier"), shop, make.PIN).json["approval"]["id"]
    wrong = (
        {"action": Action.NO_SALE}, {"subject": "held:1"}, {"staff_id": shop.people[Role.STORE_STAFF]},
        {"till_id": other.till_id}, {"now": clock.now() + moves.LIVES + timedelta(seconds=1)},
    )  # fmt: skip
    for one in wrong:
        with pytest.raises(moves.ApprovalOver):
            _use(session, shop, [made], **one)
    with pytest.raises(moves.ApprovalMissing):
        _use(session, shop, [])
    assert _states(session) == ["approved"]
    assert _use(session, shop, [made]).id == made


def test_the_manager_may_be_asked_at_the_desk(session, shop, client):
    till, desk = client("cashier"), client("store_manager")
    made = _ask(till, shop).json["approval"]
    assert made["state"] == "asked"
    with pytest.raises(moves.ApprovalOver):
        _use(session, shop, [made["id"]])
    (waiting,) = desk.get("/api/desk/approvals").json["approvals"]
    assert (waiting["till_name"], waiting["asked_by_name"], waiting["what"]) == ("1号机", "员工S1", WHAT)
    assert desk.post(f"/api/desk/approvals/{made['id']}/decide", {"approve": True}).status_code == 200
    assert till.get(f"/api/pos/approvals/{made['id']}").json["approval"]["state"] == "approved"
    assert desk.get("/api/desk/approvals").json["approvals"] == []
    assert _use(session, shop, [made["id"]]).approver_id == shop.people[Role.STORE_MANAGER]
    refused = _ask(till, shop).json["approval"]["id"]
    assert desk.post(f"/api/desk/approvals/{refused}/decide", {"approve": False}).json["approval"]["state"] == "refused"
    late = desk.post(f"/api/desk/approvals/{refused}/decide", {"approve": True})
    assert (late.status_code, late.json["code"]) == (409, "wrong_state")
    given_up = _ask(till, shop).json["approval"]["id"]
    assert till.post(f"/api/pos/approvals/{given_up}/withdraw").status_code == 200
    assert _states(session) == ["used", "refused", "withdrawn"]


def test_only_a_manager_of_the_store_decides(session, shop, client):
    till = client("cashier")
    made = _ask(till, shop).json["approval"]["id"]
    decide = f"/api/desk/approvals/{made}/decide"
    assert client("cashier").post(decide, {"approve": True}).status_code == 403
    cashier = {"staff_id": shop.people[Role.CASHIER], "pin": make.PIN}
    assert _ask(till, shop, approver=cashier).json["code"] == "not_an_approver"
    other = make.open_shop(session, code="S2", now=clock.now())
    stranger = {"staff_id": other.people[Role.STORE_MANAGER], "pin": make.PIN}
    assert _ask(till, shop, approver=stranger).status_code == 404
    assert _states(session) == ["asked"]


def test_a_short_pin_is_none_and_five_wrong_ones_lock_it_for_five_minutes(session, shop, client):
    till = client("cashier")
    assert _ask(till, shop, "12345").status_code == 422
    for left in (4, 3, 2, 1, 0):
        wrong = _ask(till, shop, "999999")
        assert (wrong.status_code, wrong.json["code"], wrong.json["facts"]["tries_left"]) == (401, "wrong_pin", left)
    locked = _ask(till, shop, make.PIN)
    assert (locked.status_code, locked.json["code"]) == (429, "pin_locked")
    assert (_states(session), _facts(session)) == ([], [])
    with transaction(session):
        session.execute(text("UPDATE attempt SET at = at - interval '5 minutes'"))
    assert _ask(till, shop, make.PIN).status_code == 201


def test_who_guesses_a_pin_has_five_tries_however_many_tills_and_hands(session, shop, client):
    """Eight guesses at once at one till, and the right PIN at another: the lock is the colleague's, not the till's."""
    tills = [client("cashier") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda till: _ask(till, shop, "999999").status_code, tills))
    assert codes == [401] * 5 + [429] * 3
    with transaction(session):
        session.execute(text("INSERT INTO till (store_id, name) VALUES (:store, '2 号机')"), {"store": shop.store_id})
        number = session.scalar(text("SELECT max(id) FROM till"))
    token = client("store_manager").post(f"/api/pos/tills/{number}/register").json["token"]
    other = client("cashier")
    other.headers["X-Till-Token"] = token
    assert other.get("/api/pos/till").json["till"]["id"] == number
    assert _ask(other, shop, make.PIN).json["code"] == "pin_locked"


def test_nothing_keeps_the_pin(session, shop, client):
    _ask(client("cashier"), shop, make.PIN)
    for table in ("journal", "request_answer", "approval"):
        assert make.PIN not in "".join(session.scalars(text(f"SELECT t::text FROM {table} t")))


def test_twenty_at_once_use_an_approval_once(session, shop, client, open_session):
    made = _ask(client("cashier"), shop, make.PIN).json["approval"]["id"]

    def use(_: int) -> str:
        try:
            with open_session() as opened:
                _use(opened, shop, [made])
        except moves.ApprovalOver:
            return "over"
        return "used"

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(use, range(20))) == ["over"] * 19 + ["used"]


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state(session, shop, state, event):
    cashier, manager, now = shop.people[Role.CASHIER], shop.people[Role.STORE_MANAGER], clock.now()
    asked = moves.Asked(shop.store_id, shop.till_id, cashier, Action.VOID, "basket", "t", {})
    with transaction(session):
        made = moves.ask(session, asked, now=now)
        session.execute(
            text("UPDATE approval SET state = :s, approver_id = :m, used_at = CASE WHEN :s = 'used' THEN asked_at END"),
            {"s": state, "m": manager},
        )
    at = {"subject": "basket", "till_id": shop.till_id, "staff_id": cashier, "now": now}
    steps = {
        "approve": lambda: moves.decide(session, shop.store_id, made, approve=True, approver_id=manager, now=now),
        "refuse": lambda: moves.decide(session, shop.store_id, made, approve=False, approver_id=manager, now=now),
        "withdraw": lambda: moves.withdraw(session, shop.store_id, made, staff_id=cashier, now=now),
        "use": lambda: moves.use(session, shop.store_id, [made], Action.VOID, **at),
    }  # fmt: skip
    sources, target, _ = MOVES[event]
    if state in sources:
        with transaction(session):
            steps[event]()
        assert _states(session) == [target]
    else:
        with pytest.raises((WrongState, moves.ApprovalOver)), transaction(session):
            steps[event]()
        assert _states(session) == [state]
