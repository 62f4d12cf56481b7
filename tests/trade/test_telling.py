"""What messages about orders say suits their templates at WeChat, and is told only while it is true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.texts import LANGUAGES
from config.wechat.messages import Template
from member.reach import facts, ways
from member.reach.kinds import KINDS
from tests import factories as make
from tests.trade.fulfilment import chain, hands
from tests.trade.groups import test_groups as groups
from tests.wechat_stand_in.open_platform.fields import fault
from tests.wechat_stand_in.open_platform.library import LIBRARY
from tests.wechat_stand_in.open_platform.messages import pages
from trade.fulfilment import lost_phone, notices, pickup, rules
from trade.orders import cancelling, courier, fulfil, no_show, substituting, telling
from trade.orders.groups import ending
from trade.stock import moves as stock
from trade.stock import wishes
from trade.stock.rejects import Reason

TEMPLATES = {
    kind: Template(kind, {ours: key for key, (ours, _) in fields.items()}) for kind, (_, fields) in LIBRARY.items()
}
NAME = "通店文三路与学院路交叉口旗舰店👨‍👩‍👧‍👦西侧"


@pytest.fixture
def shop(session, now):
    (made,) = chain.open_chain(session, 1, now, milk=10, bread=10)
    chain.do(session, "UPDATE store SET name = :name, address = :name", name=NAME)
    return made


@pytest.fixture
def told(session, now):
    """What the newest message of an event says, as its template's fields; None when it is not true any more."""

    def said(event, at=now):
        session.rollback()
        found = session.execute(
            text("SELECT *, member_id AS to_member FROM message WHERE event = :event ORDER BY id DESC LIMIT 1"),
            {"event": event},
        ).one()
        for language in LANGUAGES:
            known = telling.COMPOSE[found.kind](session, found, language, at)
            if known is None:
                return None
            assert known.keys() >= KINDS[found.kind].facts
            filled = ways.filled(TEMPLATES[found.kind], known)
            assert {key: why for key, value in filled.items() if (why := fault(key, value))} == {}
            assert ways.page(found.kind, known).partition("?")[0] in pages()
        return {fact: filled[key] for fact, key in TEMPLATES[found.kind].fields.items()}

    return said


def test_every_kind_is_composed_and_every_template_asks_for_what_is_given():
    assert (telling.COMPOSE | facts.COMPOSE).keys() == KINDS.keys() == TEMPLATES.keys()
    assert {kind: frozenset(one.fields) for kind, one in TEMPLATES.items()} == {k: v.facts for k, v in KINDS.items()}
    assert set(notices.KINDS.values()) <= KINDS.keys()


def test_a_template_file_that_names_what_there_is_not_is_refused_in_words():
    assert ways.faults({"subscribe": TEMPLATES, "service": TEMPLATES}) == []
    wrong = {
        "ready": Template("x", {"code": "thing1", "weather": "thing2", "hint": "song3"}),
        "sale": Template("y", {}),
    }
    said = ways.faults({"subscribe": wrong})
    assert [one.partition(":")[0] for one in said] == ["subscribe.ready", "subscribe.ready.hint", "subscribe.sale"]


def _order(session, shop, now, mode="pickup", **goods):
    return chain.ordered(session, shop, now, mode=mode, **goods)


def test_a_pickup_is_told_of_until_it_is_fetched(session, shop, told, now):
    order_id = _order(session, shop, now, milk=1)
    assert (told("paid")["order_no"], told("paid")["amount"]) == (f"001{order_id:09d}", "¥9.90")
    make.make_ready(session, shop, order_id, now)
    said = told("ready")
    assert said["code"] == pickup.open_code(bytes(hands.of(session, order_id).pickup_sealed))
    assert (said["until"], said["store"][-1]) == ("2026年11月27日 12:00", "…")
    later = now + timedelta(hours=30)
    (waits,) = no_show.waiting(session, rules.in_force(session, now)[1], now=later, most=5)
    assert hands.do(session, no_show.remind, waits, now=later)
    assert told("remind_1")["code"] == said["code"]
    hands.do(session, fulfil.collect, hands.of(session, order_id), staff_id=1, now=now)
    assert (told("ready"), told("remind_1")) == (None, None)


def test_a_parcel_nobody_fetched_and_its_refund(session, shop, told, now):
    order_id = _order(session, shop, now, milk=1)
    make.make_ready(session, shop, order_id, now)
    hands.do(session, no_show.miss, hands.of(session, order_id), now=now)
    assert (told("ready"), told("missed")["what"]) == (None, "Missed: code is void")
    hands.do(session, no_show.put_back, hands.of(session, order_id), now=now)
    assert told("missed") is None


def test_a_delivery_is_told_of_while_the_courier_has_it(session, shop, told, now):
    order_id = _order(session, shop, now, mode="delivery", milk=1)
    hands.handed(session, order_id, now)
    assert told("handed")["tracking_no"] == "-"
    parcel = hands.of(session, order_id)
    hands.do(session, courier.deliver, parcel, now=now)
    assert told("handed") is None


def test_a_question_is_told_of_while_it_can_be_answered(session, shop, told, now):
    order_id = _order(session, shop, now, milk=1)
    assert chain.refuse(session, hands.of(session, order_id), now) == "asking"
    until = hands.of(session, order_id).ask_by
    assert told("asking")["what"] == "Store cannot fulfil"
    assert told("asking", at=until) is None


def test_a_substitute_is_told_of_until_it_is_answered(session, shop, told, now):
    order_id = _order(session, shop, now, milk=2)
    hands.accepted(session, order_id, now)
    offer = hands.do(session, substituting.offer, hands.of(session, order_id), 1, shop.skus["bread"],
                     Reason.NOT_FOUND, now=now)  # fmt: skip
    assert told(f"substitute_{offer.id}")["hint"] == "Please reply by then"
    assert told(f"substitute_{offer.id}", at=offer.answer_by) is None


def test_who_may_not_cancel_is_told_once_more_that_it_goes_on(session, shop, told, now):
    order_id = _order(session, shop, now, milk=2)
    parcel = hands.picked(session, order_id, now)
    with transaction(session):
        cancelling.ask(session, shop.store_id, order_id, actor="t", now=now)
    hands.do(session, cancelling.decline, parcel, now=now)
    assert told("cancel_declined")["what"] == "Ready: cannot cancel"


def test_the_code_of_a_lost_phone_goes_out_while_it_is_the_newest(session, shop, told, now):
    order_id = _order(session, shop, now, milk=1)
    make.make_ready(session, shop, order_id, now)
    parcel = hands.of(session, order_id)
    tail = session.scalar(text("SELECT right(phone_masked, 4) FROM member m JOIN sale_order o ON o.member_id = m.id"
                               " WHERE o.id = :id"), {"id": order_id})  # fmt: skip
    assert hands.do(session, lost_phone.send, parcel, tail, now=now) == 1
    assert told("proof")["code"] == lost_phone.sent_code(session, parcel.store_id, parcel.id)
    assert hands.do(session, lost_phone.send, parcel, tail, now=now) == 2
    first = session.execute(text("SELECT *, member_id AS to_member FROM message WHERE event = 'proof' AND version = 1"))
    assert telling.COMPOSE["pickup_proof"](session, first.one(), "zh-CN", now) is None


@pytest.mark.parametrize(("event", "what"), [("group_formed", "2 joined: it is on"),
                                            ("group_failed", "Under 2 joined")])  # fmt: skip
def test_how_a_group_ended_suits_its_template(session, shop, told, now, event, what):
    members = [make.a_member(session, phone=f"1391234{n:04d}", now=now) for n in range(2)]
    form = {"kind": "group", "prices": {shop.skus["milk"]: 600}, "people": 2, "fill_minutes": 60}
    offer = make.a_promotion(session, now, **form)
    opened = groups.joined(session, shop, offer, members[0], now)
    group = groups.group_of(session, opened)
    if event == "group_formed":
        groups.joined(session, shop, offer, members[1], now, group)
    else:
        with transaction(session):
            ending.fail(session, group, actor="t", now=now + timedelta(hours=1))
    assert told(event)["what"] == what


def test_goods_that_came_back_are_told_of_while_there_are_some(session, shop, told, now):
    member, milk = make.a_member(session, now=now), shop.skus["milk"]
    make.ring_up(session, shop, now, milk=10)
    with transaction(session):
        wishes.put(session, member, shop.store_id, milk, now=now)
        assert wishes.come_true(session, now=now) == []
        stock.take_in(session, shop.store_id, {milk: 4}, key="more", actor="t", now=now)
    with transaction(session):
        (wish,) = wishes.come_true(session, now=now)
        telling.arrived(session, wish, now=now)
    assert told("arrival")["goods"] == "商品milk"
    make.ring_up(session, shop, now, milk=4)
    assert told("arrival") is None


def test_an_order_of_another_channel_has_nobody_to_tell(session, shop, now):
    order_id = _order(session, shop, now, milk=1)
    chain.do(session, "UPDATE sale_order SET member_id = NULL WHERE id = :id", id=order_id)
    make.make_ready(session, shop, order_id, now)
    assert session.scalars(text("SELECT event FROM message")).all() == ["paid"]
