"""The order centre over HTTP: who sees what, what may be done, and that a refusal moves nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.errors import Refused
from pos.http import who
from tests import factories as make
from tests.trade.channels.conftest import open_channel
from tests.trade.fulfilment import chain
from tests.trade.intake.conftest import bring, document, states
from trade.exceptions import cases
from trade.orders import centre, remedies, rerouting, review
from trade.orders.review import judging
from trade.orders.review.rules import Terms
from trade.payments.refunds import moves as refunds
from trade.stock.channels import sending
from workers import relay
from workers.jobs import take_orders

PATH = "/api/desk/centre"


@pytest.fixture
def told(session, shop):
    """A member, and what happens to the orders of a shop."""
    return Centre(session, shop)


class Centre:
    """Orders that are held and cases that are open, made through the domain functions."""

    def __init__(self, session, shop):
        self.session, self.shop, self.now = session, shop, clock.now()
        self.member = make.a_member(session, now=self.now)
        with transaction(session):
            judging.settle(session, Terms(duplicate_minutes=0), actor="t", now=self.now)

    def paid(self, **goods: int) -> int:
        order = make.order_online(self.session, self.shop, self.member, self.now, **goods)
        make.pay_online(self.session, self.shop, order, self.now)
        return order

    def hold(self, reason: str = "remark", **goods: int) -> int:
        order = make.order_online(self.session, self.shop, self.member, self.now, **goods)
        with transaction(self.session):
            review.flag(self.session, self.shop.store_id, order, reason)
        make.pay_online(self.session, self.shop, order, self.now)
        return order

    def case(self, kind: str = "unroutable", order: int | None = None, **more) -> str:
        with transaction(self.session):
            found = cases.open(
                self.session,
                kind,
                more.pop("subject", f"order:{order}"),
                money_fen=more.pop("money_fen", 990),
                facts=more.pop("facts", {}),
                store_id=more.pop("store_id", self.shop.store_id),
                order_id=order,
                now=more.pop("now", self.now),
                **more,
            )
        return f"case-{found}"

    def ref(self, order: int) -> str:
        return f"hold-{self.shop.store_id}-{order}"

    def state(self, order: int) -> str:
        return str(self.figure("SELECT state FROM sale_order WHERE id = :o", o=order))

    def figure(self, said: str, **given):
        self.session.rollback()
        return self.session.execute(text(said), given).scalar()


def refs(answer):
    return [item["ref"] for item in answer.json["items"]]


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


def test_refunding_an_order_closes_what_was_open_of_it_and_nothing_else(told, client):
    manager = client("store_manager")
    order, other = told.paid(milk=2), told.paid(milk=1)
    case, also, money = (
        told.case("unroutable", order),
        told.case("store_time_out", order, subject="parcel:1:1"),
        told.case("refund_failed", order, subject="refund:1:1"),
    )
    stays = told.case("unroutable", other)
    item = manager.get(f"{PATH}/items/{case}").json["item"]
    assert item["remedies"] == [{"name": "refund_order", "needs": [], "grave": True, "choices": {}}]
    done = manager.post(f"{PATH}/items/{case}/remedy", {"remedy": "refund_order"}).json["item"]
    assert (done["resolver"].startswith("staff:"), done["order"]["state"]) == (True, "cancelled")
    assert set(refs(manager.get(f"{PATH}/items"))) == {money, stays}
    assert told.figure("SELECT sum(amount_fen) FROM refund") == 1980
    assert manager.get(f"{PATH}/items/{also}").json["item"]["note"] == "refund_order"
    again = manager.post(f"{PATH}/items/{case}/remedy", {"remedy": "refund_order"})
    assert (again.status_code, again.json["code"]) == (409, "no_such_remedy")
    assert told.figure("SELECT sum(amount_fen) FROM refund") == 1980


def test_a_remedy_that_the_order_refuses_closes_nothing(told, client):
    """The case names an order that has gone on meanwhile."""
    manager = client("store_manager")
    order = told.paid(milk=1)
    case = told.case("duplicate", order)
    make.collect_online(told.session, told.shop, order, told.now)
    for remedy in ("refund_order", "run_again", "odd"):
        refused = manager.post(f"{PATH}/items/{case}/remedy", {"remedy": remedy})
        assert (refused.json["code"], refused.json["facts"]["legal"]) == ("no_such_remedy", [])
    assert (told.state(order), refs(manager.get(f"{PATH}/items"))) == ("done", [case])


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


def test_a_job_is_asked_for_again_and_the_books_are_proved_again(told, client):
    office = client("head_office")
    rows = told.case("job_failed", subject="job:x", store_id=None, facts={"job": "x", "kinds": ["stock.taken_in"]})
    timed = told.case("job_failed", subject="job:forget_requests", store_id=None, facts={"job": "forget_requests"})
    book = told.case("book_differs", subject="stock a", store_id=None, at_stake=1)
    relay.relay_once()  # leases the opening stock
    for case, remedy in ((rows, "run_again"), (timed, "run_again"), (book, "prove_again")):
        assert office.post(f"{PATH}/items/{case}/remedy", {"remedy": remedy}).json["item"]["resolved_at"] is None
    asked = told.session.scalars(text("SELECT data ->> 'job' FROM journal WHERE kind = 'job.asked_again' ORDER BY id"))
    assert list(asked) == ["forget_requests", "prove_books"]
    assert told.figure("SELECT leased_until FROM journal WHERE kind = 'stock.taken_in'") is None
    manager = client("store_manager")
    assert manager.post(f"{PATH}/items/{rows}/remedy", {"remedy": "run_again"}).status_code == 404


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


def test_a_refund_that_wechat_did_not_take_is_sent_again_at_once(told, client):
    manager = client("store_manager")
    order = told.paid(milk=1)
    told.case("duplicate", order)
    manager.post(f"{PATH}/items/case-1/remedy", {"remedy": "refund_order"})
    number = told.figure("SELECT refund_no FROM refund")
    told.figure("UPDATE refund SET ask_at = ask_at + interval '1 hour' RETURNING id")
    for _ in range(4):
        with transaction(told.session):
            refunds.ask_later(told.session, number, 8, actor="t", now=told.now, code="SYSTEM_ERROR")
    (case,) = refs(manager.get(f"{PATH}/items?queue=refunds"))
    item = manager.get(f"{PATH}/items/{case}").json["item"]
    assert ([way["name"] for way in item["remedies"]], item["tries"] > 0) == (["send_again"], True)
    asked = manager.post(f"{PATH}/items/{case}/remedy", {"remedy": "send_again", "note": "余额已充值"}).json["item"]
    assert (asked["resolved_at"], asked["history"][0]["data"]["remedy"]) == (None, "send_again")
    assert told.figure("SELECT ask_at <= now() + interval '1 second' FROM refund")
    with transaction(told.session):
        refunds.move(told.session, number, "finish", actor="wechat", now=told.now)
    assert refs(manager.get(f"{PATH}/items?queue=refunds")) == []
    assert manager.get(f"{PATH}/items/{case}").json["item"]["resolver"] == "wechat"


def test_a_channel_is_told_a_figure_that_it_refused_once_more(told, session, client):
    channel = open_channel(session, [told.shop], told.now)
    milk = told.shop.skus["milk"]
    found = "SELECT version, rejected FROM channel_stock WHERE sku_id = :s"
    before = session.execute(text(found), {"s": milk}).one()
    with transaction(session):
        refused = sending.Answer(milk, before.version, accepted=False, reason="unknown item")
        session.execute(text("UPDATE channel_stock SET sent_version = version"))
        sending.acknowledge(session, channel, [refused], now=told.now)
    office = client("head_office")
    (case,) = refs(office.get(f"{PATH}/items?kind=adapter_rejected"))
    assert session.execute(text(found), {"s": milk}).one().rejected
    session.rollback()
    office.post(f"{PATH}/items/{case}/remedy", {"remedy": "send_again"})
    after = session.execute(text(found), {"s": milk}).one()
    assert (after.version > before.version, after.rejected) == (True, False)


def test_an_order_of_another_channel_is_taken_in_again_or_refused_for_good(told, session, client):
    channel = open_channel(session, [told.shop], told.now)
    odd = [{"sku": "?", "qty": 1, "unit_price_fen": 100, "list_fen": 100}]
    for number in ("T1", "T2"):
        bring(session, channel, told.now, document(number, lines=odd, paid_fen=700))
    office = client("head_office")
    first, second = refs(office.get(f"{PATH}/items"))
    item = office.get(f"{PATH}/items/{first}").json["item"]
    assert (item["cause"], [way["name"] for way in item["remedies"]]) == (
        "unknown_sku",
        ["take_in_again", "reject_intake"],
    )
    office.post(f"{PATH}/items/{first}/remedy", {"remedy": "take_in_again"})
    assert states(session) == {"T1": "received", "T2": "quarantined"}
    take_orders.run()
    assert states(session)["T1"] == "quarantined"
    assert set(refs(office.get(f"{PATH}/items"))) == {first, second}
    assert office.post(f"{PATH}/items/{first}/remedy", {"remedy": "reject_intake"}).json["facts"]["lacking"] == ["note"]
    office.post(f"{PATH}/items/{first}/remedy", {"remedy": "reject_intake", "note": "没有这个商品"})
    assert states(session) == {"T1": "rejected", "T2": "quarantined"}
    assert refs(office.get(f"{PATH}/items")) == [second]


def test_a_parcel_that_nobody_does_is_refunded_and_the_order_ends_with_it(told, session, client):
    chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")
    order = chain.ordered(session, told.shop, told.now, milk=2)
    while chain.of(session, order)[0].state == "assigned":
        chain.refuse(session, chain.of(session, order)[0], told.now)
    session.rollback()
    manager = client("store_manager")
    (case,) = refs(manager.get(f"{PATH}/items?queue=unrouted"))
    path = f"{PATH}/items/{case}"
    assert [way["name"] for way in manager.get(path).json["item"]["remedies"]] == ["route_again", "refund_parcel"]
    assert manager.post(f"{path}/remedy", {"remedy": "route_again"}).json["code"] == "nobody_can"
    assert manager.get(path).json["item"]["resolved_at"] is None
    done = manager.post(f"{path}/remedy", {"remedy": "refund_parcel", "note": "客人不等了"}).json["item"]
    assert (done["order"]["state"], done["note"]) == ("cancelled", "客人不等了")
    assert told.figure("SELECT sum(amount_fen) FROM refund") == 1980
    assert refs(manager.get(f"{PATH}/items")) == []


def test_twelve_people_and_the_clock_at_one_parcel_end_it_once(told, session, client, open_session):
    """The remedy and the watch take the same rows: nobody waits for ever, and the money goes back once."""
    chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")
    order = chain.ordered(session, told.shop, told.now, milk=2)
    while chain.of(session, order)[0].state == "assigned":
        chain.refuse(session, chain.of(session, order)[0], told.now)
    (parcel,) = chain.of(session, order)
    session.rollback()

    def end(number: int) -> str:
        try:
            with open_session() as opened, transaction(opened):
                if number % 3 == 0:
                    rerouting.give_up(opened, parcel, "silence", actor="clock", now=told.now)
                else:
                    item = centre.row(opened, "case-1", store_id=None)
                    step = remedies.Step(opened, item, "", {}, f"staff:{number}", told.now)
                    remedies.apply("refund_parcel", step, {"centre.decide"})
        except Refused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(end, range(12)))
    assert outcomes.count("done") == 1, outcomes
    assert told.figure("SELECT sum(amount_fen) FROM refund") == 1980
