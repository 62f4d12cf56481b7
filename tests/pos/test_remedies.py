"""One-click remedies: each calls what really does it, once, and only where it is legal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Refused
from member import points, terms
from tests import factories as make
from tests.pos.centre import PATH, Centre, refs
from tests.trade.channels.conftest import open_channel
from tests.trade.fulfilment import chain
from tests.trade.intake.conftest import bring, document, states
from trade.orders import centre, close, remedies, rerouting
from trade.payments.refunds import moves as refunds
from trade.stock.channels import sending
from workers import relay
from workers.jobs import take_orders, watch_debts


@pytest.fixture
def told(session, shop):
    """A member, and what happens to the orders of a shop."""
    return Centre(session, shop)


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
    assert manager.get(f"{PATH}/items/{also}").json["item"]["note"] == "order_ended"
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
    always = "UPDATE store SET opens_minute = 0, closes_minute = 1440, area = CAST(:area AS jsonb)"
    chain.do(session, always, area=chain.SQUARE)
    order = chain.ordered(session, told.shop, told.now, milk=2)
    while chain.of(session, order)[0].state == "assigned":
        chain.refuse(session, chain.of(session, order)[0], told.now)
    session.rollback()
    manager = client("store_manager")
    (case,) = refs(manager.get(f"{PATH}/items?queue=unrouted"))
    path = f"{PATH}/items/{case}"
    assert [way["name"] for way in manager.get(path).json["item"]["remedies"]] == ["route_again", "refund_parcel"]
    assert manager.post(f"{path}/remedy", {"remedy": "route_again"}).json["code"] == "nobody_can"
    why = manager.get(path).json["item"]["routing"]
    assert [(one["hop"], one["stores"], one["able"]) for one in why] == [(2, [], 0), (1, ["通店S1"], 1)]
    assert why[0]["removed"] == {"refused_before": 1}
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


def test_a_large_debt_of_points_is_on_the_desk_until_it_is_forgiven_or_made_good(told, session, client):
    office = client("head_office")
    other = make.a_member(session, phone="13812342047", now=told.now)
    with transaction(session):
        for member, owed in ((told.member, 999), (other, 1200)):
            points.claw(session, member, owed, source=f"lie:{member}", key=f"lie:{member}", actor="t", now=told.now)
    assert watch_debts.run() == 1
    (case,) = refs(office.get(f"{PATH}/items?kind=points_deficit"))
    path = f"{PATH}/items/{case}"
    item = office.get(path).json["item"]
    assert (item["at_stake"], item["unit"], [way["name"] for way in item["remedies"]]) == (
        1200,
        "points",
        ["forgive_points"],
    )
    with transaction(session):
        terms.announce(session, {"adjust_alone_up_to": 5000}, from_at=told.now, actor="t", now=told.now)
    terms.forget()
    office.post(f"{path}/remedy", {"remedy": "forgive_points", "note": "店里收错了货"})
    session.rollback()
    assert points.balance(session, other).deficit == 0
    assert office.post(f"{path}/remedy", {"remedy": "forgive_points", "note": "x"}).json["code"] == "no_such_remedy"
    assert (watch_debts.run(), refs(office.get(f"{PATH}/items"))) == (0, [])


def test_what_its_order_ended_nobody_need_see_to(told, client):
    """The customer cancels while the order waits on the desk; a refund of it that is stuck stays there."""
    order = told.paid(milk=1)
    told.case("unroutable", order)
    stays = told.case("refund_failed", order, subject="refund:1:1")
    with transaction(told.session):
        close.cancel(told.session, told.shop.store_id, order, actor="member:1", now=told.now)
    assert refs(client("store_manager").get(f"{PATH}/items")) == [stays]
    assert told.figure("SELECT note FROM exception_case WHERE kind = 'unroutable'") == "order_ended"
