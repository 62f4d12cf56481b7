"""The order centre over HTTP: who sees what, and that a refusal moves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pos.http import who
from tests import factories as make
from tests.pos.centre import PATH, Centre, refs


@pytest.fixture
def told(session, shop):
    """A member, and what happens to the orders of a shop."""
    return Centre(session, shop)


def test_queues_tell_count_money_and_the_oldest(told, client):
    manager = client("store_manager")
    held, stuck = told.hold(milk=1), told.paid(milk=1)
    late = told.now - timedelta(hours=5)
    told.case("unroutable", stuck, now=late)
    told.case("refund_failed", stuck, subject="refund:1:1", money_fen=100)
    shown = manager.get(PATH)
    queues = {one["queue"]: one for one in shown.json["queues"]}
    assert {name: (one["count"], one["money_fen"]) for name, one in queues.items()} == {
        "review": (1, 990),
        "exceptions": (2, 1090),
        "unrouted": (1, 990),
        "overdue": (1, 990),
        "refunds": (1, 100),
        "frozen": (0, 0),
    }
    assert (queues["unrouted"]["oldest_at"], queues["unrouted"]["overdue"]) == (late.isoformat(), 1)
    assert [one["kind"] for one in shown.json["kinds"]] == ["refund_failed", "unroutable"]
    assert (shown.json["review"]["judged"], shown.json["last_order_at"] is None) == (2, False)
    assert manager.get(PATH, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    assert refs(manager.get(f"{PATH}/items")) == ["case-1", told.ref(held), "case-2"]
    assert refs(manager.get(f"{PATH}/items?queue=refunds")) == ["case-2"]
    assert refs(manager.get(f"{PATH}/items?kind=unroutable&mine=false")) == ["case-1"]


def test_pages_follow_each_other_without_a_gap(told, client):
    manager = client("store_manager")
    order = told.paid(milk=1)
    for number in range(5):
        told.case("unroutable", order, subject=f"parcel:{number}", now=told.now + timedelta(seconds=number // 2))
    seen, after = [], ""
    while True:
        answer = manager.get(f"{PATH}/items", query_string={"most": 2} | ({"after": after} if after else {}))
        seen += refs(answer)
        after = answer.json["after"]
        if not after:
            break
    assert seen == [f"case-{number}" for number in range(1, 6)]
    assert manager.get(f"{PATH}/items?after=x").status_code == 422


def test_a_store_sees_its_own_orders_and_its_own_work_and_the_head_office_all(told, session, client, app):
    other = make.open_shop(session, code="S2", now=told.now)
    order = told.hold(milk=1)
    mine = told.case("unroutable", order)
    theirs = told.case("short_pick", subject="parcel:2:1", store_id=other.store_id)
    worked = told.case("short_pick", subject="parcel:2:2", store_id=other.store_id, at_store_id=told.shop.store_id)
    chain = told.case("job_failed", subject="job:x", store_id=None, facts={"job": "x"})
    staff, office = client("store_staff"), client("head_office")
    assert set(refs(staff.get(f"{PATH}/items"))) == {mine, worked, told.ref(order)}
    assert set(refs(office.get(f"{PATH}/items"))) == {mine, worked, theirs, chain, told.ref(order)}
    assert refs(office.get(f"{PATH}/items?store_id={other.store_id}&kind=short_pick")) == [theirs, worked]
    for hidden in (theirs, chain, "case-99", "hold-1-99", "odd"):
        assert staff.get(f"{PATH}/items/{hidden}").status_code == 404
        assert staff.post(f"{PATH}/items/{hidden}/take").status_code == 404
    assert staff.post(f"{PATH}/items/{mine}/remedy", {"remedy": "refund_order"}).json["code"] == "not_permitted"
    assert client("cashier").get(PATH).json["code"] == "not_permitted"


def test_a_case_is_taken_noted_and_explained_with_its_history(told, client):
    order = told.paid(milk=2)
    case = told.case("short_pick", order, facts={"line_no": 1}, cause="not_found")
    staff, manager = client("store_staff"), client("store_manager")
    item = staff.post(f"{PATH}/items/{case}/take").json["item"]
    assert (item["owner_name"], item["order"]["no"][-1], item["lines"][0]["qty"]) == ("员工S1", str(order), 2)
    refused = manager.post(f"{PATH}/items/{case}/take")
    assert (refused.status_code, refused.json["code"]) == (409, "exception_taken")
    assert manager.post(f"{PATH}/items/{case}/take", {"over": True}).json["item"]["owner"] != item["owner"]
    staff.post(f"{PATH}/items/{case}/note", {"note": "货架是空的"})
    closed = manager.post(f"{PATH}/items/{case}/resolve", {"note": "客人同意换货"}).json["item"]
    assert (closed["note"], closed["remedies"], closed["next_try_at"]) == ("客人同意换货", [], None)
    kinds = [fact["kind"] for fact in closed["history"] if fact["kind"].startswith("exception")]
    assert kinds == ["exception.resolved", "exception.noted", "exception.taken", "exception.taken", "exception.opened"]
    assert manager.post(f"{PATH}/items/{case}/resolve", {"note": "x"}).json["code"] == "exception_closed"


def test_a_hold_is_released_or_rejected_with_a_reason(told, client):
    manager = client("store_manager")
    good, bad = told.hold(milk=1), told.hold(milk=2)
    path = f"{PATH}/items/{told.ref(good)}"
    assert [way["name"] for way in manager.get(path).json["item"]["remedies"]] == ["release", "reject"]
    assert manager.post(f"{path}/take").json["item"]["owner_name"] == "员工S1"
    assert manager.post(f"{path}/note", {"note": "打过电话"}).json["item"]["history"][0]["data"] == {"note": "打过电话"}
    assert manager.post(f"{path}/resolve", {"note": "x"}).json["code"] == "no_such_remedy"
    assert manager.post(f"{path}/remedy", {"remedy": "release"}).json["item"]["remedies"] == []
    assert manager.post(f"{path}/remedy", {"remedy": "release"}).json["code"] == "no_such_remedy"

    path = f"{PATH}/items/{told.ref(bad)}"
    refused = manager.post(f"{path}/remedy", {"remedy": "reject"})
    assert (refused.json["code"], refused.json["facts"]["lacking"]) == ("no_such_remedy", ["note"])
    assert told.figure("SELECT count(*) FROM refund") == 0
    manager.post(f"{path}/remedy", {"remedy": "reject", "note": "恶意下单"})
    assert (told.state(bad), told.figure("SELECT sum(amount_fen) FROM refund")) == ("cancelled", 1980)
    assert refs(manager.get(f"{PATH}/items")) == []


def test_many_holds_go_on_at_once_and_a_retry_gets_the_first_answer(told, client):
    manager = client("store_manager")
    refs = [told.ref(told.hold(milk=1)) for _ in range(2)]
    decided, risky = told.ref(told.hold(milk=1)), told.ref(told.hold("risk", milk=1))
    manager.post(f"{PATH}/items/{decided}/remedy", {"remedy": "release"})
    body = {"request_id": "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f", "refs": [*refs, decided, risky, "hold-9-1"]}
    first, second = (manager.ask(f"{PATH}/release", body) for _ in range(2))
    stayed = {decided: "no_such_remedy", risky: "no_such_remedy", "hold-9-1": "not_found"}
    assert first.json["done"] == dict.fromkeys(refs, "") | stayed
    assert second.json == first.json
    assert told.figure("SELECT count(*) FROM journal WHERE kind = 'review.released'") == 3


def test_what_the_head_office_must_look_at_no_store_lets_go_on(told, client):
    order = told.hold("risk", milk=1)
    path = f"{PATH}/items/{told.ref(order)}"
    manager, office = client("store_manager"), client("head_office")
    assert manager.get(path).json["item"]["remedies"] == []
    assert manager.post(f"{path}/remedy", {"remedy": "release"}).json["code"] == "no_such_remedy"
    assert told.figure("SELECT state FROM order_review") == "hold"
    office.post(f"{path}/remedy", {"remedy": "release"})
    assert told.figure("SELECT state FROM order_review") == "passed"


def test_the_rules_of_review_are_the_head_offices(told, client):
    office, manager = client("head_office"), client("store_manager")
    assert office.get(f"{PATH}/rules").json["rules"]["floor_bp"] == 1000
    assert manager.post(f"{PATH}/rules", {"rules": {"floor_bp": 1}}).json["code"] == "not_permitted"
    wrong = office.post(f"{PATH}/rules", {"rules": {"floor_bp": 10_001}})
    assert (wrong.status_code, wrong.json["facts"]) == (422, {"fields": {"floor_bp": "value"}})
    office.post(f"{PATH}/rules", {"rules": {"floor_bp": 500, "regions_by_hand": ["54"]}})
    assert office.get(f"{PATH}/rules").json["rules"] | {"remark_words": []} == {
        "remark_longest": 40, "remark_words": [], "floor_bp": 500, "duplicate_minutes": 10, "new_days": 7,
        "new_limit_fen": 100_000, "limit_fen": 500_000, "regions_by_hand": ["54"],
    }  # fmt: skip
    who._staff.clear()
