"""What a till sold on its own becomes an order, once, whatever happens on the way; and every book agrees after it."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from tests.devices import Device
from tests.stories import Story
from trade.exceptions import cases
from trade.orders import read
from trade.orders.offline import again, delivery
from trade.orders.offline.document import NotSound
from trade.pricing import price_books
from trade.pricing.price_books import Change, Line
from trade.stores import tills

HOUR = timedelta(hours=1)


@pytest.fixture
def story(session, now):
    return Story(session, now)


@pytest.fixture
def device(story):
    return Device(story.shop)


def _deliver(story, body, *, session=None):
    with transaction(session or story.session) as opened:
        return delivery.deliver(opened, story.shop.store_id, story.shop.till_id, body, 0, now=story.now)


def _cases(story):
    with transaction(story.session):
        found = story.session.execute(
            text("SELECT kind, cause, facts FROM exception_case WHERE resolved_at IS NULL ORDER BY id")
        )
        return [(row.kind, row.cause, row.facts.get("missing")) for row in found]


def _sold(story):
    return story.count("SELECT count(*) FROM sale_order WHERE channel = 'till'")


def test_a_sale_is_taken_once_however_often_it_is_delivered(story, device, now):
    body = device.sell(now - HOUR, milk=2, apple=530, member_id=story.member, tier="basic")
    answers = {_deliver(story, body) for _ in range(3)}
    assert {one.state for one in answers} == {"taken"} and len({one.order_id for one in answers}) == 1
    order_id = answers.pop().order_id
    with transaction(story.session):
        receipt = read.receipt(story.session, story.shop.store_id, order_id)
    assert (receipt["payable_fen"], receipt["tenders"][0]["received_fen"]) == (1980 + 635, 1980 + 635)
    assert receipt["at"] == (now - HOUR).isoformat()
    points = story.points.available + story.points.pending
    assert points == receipt["member"]["points_earned"] > 0 and _sold(story) == 1
    assert story.count("SELECT on_hand FROM stock_level WHERE sku_id = :id", id=story.shop.skus["milk"]) == 98
    assert _cases(story) == []
    story.agree()


def test_the_customer_paid_what_was_shown_and_what_we_would_have_asked_is_noted(story, device, now):
    with transaction(story.session):
        price_books.publish(
            story.session, Change("变价", now), [Line(story.shop.skus["milk"], 1090)], actor="t", now=now
        )
    story.now = now + HOUR
    taken = _deliver(story, device.sell(now + HOUR, milk=2))
    row = story.count("SELECT differences FROM till_document WHERE order_id = :id", id=taken.order_id)
    assert row == [{"sku_id": story.shop.skus["milk"], "sold_fen": 1980, "ours_fen": 2180}]
    assert story.head(taken.order_id).payable_fen == 1980
    story.agree()


def test_promotions_are_counted_and_above_their_quota_only_noted(story, device, now):
    promotion = make.a_promotion(story.session, now, quotas={"total_units": 1})
    for _ in range(2):
        assert _deliver(story, device.sell(now, milk=4, off=(promotion, 1, 300))).state == "taken"
    uses = "SELECT array_agg(coalesce(cardinality(scopes), 0) ORDER BY order_id) FROM promotion_use"
    assert story.count(uses) == [1, 0]
    assert story.count("SELECT units FROM promotion_count WHERE scope = 'total'") == 1
    story.agree()


def test_it_breaks_promises_of_the_mall_and_their_orders_hear_of_it(session, now):
    story = Story(session, now, milk=3)
    order = story.paid(milk=2)
    assert _deliver(story, Device(story.shop).sell(now, milk=3)).state == "taken"
    told = "SELECT data->'order_id' FROM journal WHERE kind = 'order.promise_broken'"
    assert story.count(told) == order
    assert story.count("SELECT on_hand FROM stock_level WHERE sku_id = :id", id=story.shop.skus["milk"]) == 0


def test_a_gap_is_an_alarm_until_what_is_missing_arrives(story, device, now):
    bodies = [device.sell(now) for _ in range(4)]
    for body in (bodies[0], bodies[3]):
        assert _deliver(story, body).state == "taken"
    assert _cases(story) == [("document_gap", "", [2, 3])]
    assert _deliver(story, bodies[1]).state == "taken"
    assert _cases(story) == [("document_gap", "", [3])]
    assert _deliver(story, bodies[2]).state == "taken"
    assert _cases(story) == [] and _sold(story) == 4
    story.agree()


@pytest.mark.parametrize("change", [{"received_fen": 1000, "change_fen": 10}, {"no": "X000000001"}])
def test_other_words_under_a_known_id_change_nothing_and_are_shown(story, device, now, change):
    body = device.sell(now)
    order_id = _deliver(story, body).order_id
    other = json.dumps(json.loads(body) | change)
    assert (_deliver(story, other).state, _sold(story)) == ("altered", 1)
    assert _cases(story) == [("document_altered", "other_bytes", None)]
    assert _deliver(story, body).order_id == order_id


def test_two_documents_in_one_place_of_the_chain_are_shown(story, device, now):
    _deliver(story, device.sell(now))
    device.seq, device.prev = 0, "0" * 64
    assert _deliver(story, device.sell(now, no="XOTHER0001")).state == "altered"
    assert (_cases(story), _sold(story)) == ([("document_altered", "place_taken", None)], 1)


def test_a_broken_chain_is_shown_and_its_sale_is_a_sale_all_the_same(story, device, now):
    _deliver(story, device.sell(now))
    device.prev = "f" * 64
    assert _deliver(story, device.sell(now)).state == "taken"
    assert (_cases(story), _sold(story)) == ([("document_altered", "chain_broken", None)], 2)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"shift_id": 999}, "unknown_shift"), ({"staff_id": 999}, "unknown_staff"), ({"payable_fen": 1}, "sum"),
        ({"received_fen": 5000}, "cash"), ({"v": 2}, "shape"), ({"lines": []}, "shape"), ({"kind": "dance"}, "kind"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_order_waits_on_the_desk_and_holds_up_nobody(story, device, now, wrong, reason):
    bad, good = device.sell(now, **wrong), device.sell(now)
    assert [_deliver(story, body).state for body in (bad, good, bad)] == ["excepted", "taken", "excepted"]
    assert (_cases(story), _sold(story)) == ([("document_excepted", reason, None)], 1)
    assert story.count("SELECT count(*) FROM stock_movement WHERE key LIKE 'order:%'") == 1
    story.agree()


def test_goods_that_we_do_not_know_wait_until_we_do(story, device, now):
    body = device.sell(now)
    said = json.loads(body)
    said["lines"][0]["sku_id"] = 777
    device.seq, device.prev, device.written = 0, "0" * 64, []
    assert _deliver(story, device.write(said)).reason == "unknown_sku"


def test_what_nobody_can_read_stays_with_the_till(story):
    for body in ("", "{}", '{"uuid": "x"}', "[1]"):
        with pytest.raises(NotSound):
            _deliver(story, body)
    assert story.count("SELECT count(*) FROM till_device") == 0


def test_a_sale_of_a_shift_that_was_closed_meanwhile_is_of_that_shift(story, device, now):
    body = device.sell(now - HOUR)
    with transaction(story.session):
        make.close_shift(story.session, story.shop.store_id, story.shop.shift_id, 20_000, now)
    order_id = _deliver(story, body).order_id
    assert story.head(order_id).shift_id == story.shop.shift_id
    assert story.count("SELECT count(*) FROM shift_z WHERE shift_id = :id", id=story.shop.shift_id) == 2
    assert story.count("SELECT data->'late' FROM journal WHERE kind = 'order.sold_alone'") is True
    story.agree()


def test_a_clock_that_is_ahead_sells_no_later_than_now(story, device, now):
    for ahead, offset in ((HOUR, 0), (HOUR, 3_600_000), (timedelta(0), 0)):
        order_id = _deliver(story, device.sell(now + ahead, offset_ms=offset)).order_id
        assert story.head(order_id).paid_at == now


def test_many_deliveries_at_once_make_one_order(story, device, now, open_session):
    body, states = device.sell(now), []

    def work() -> None:
        with open_session() as mine:
            states.append(_deliver(story, body, session=mine).order_id)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(states) == 8 and len(set(states)) == 1 and _sold(story) == 1
    story.agree()


def test_what_waited_is_taken_once_what_was_missing_is_there_or_is_settled_by_a_person(story, device, now):
    name = str(uuid.uuid4())
    bad = [device.sell(now, shift_id=0, shift_uuid=name), device.sell(now, shift_id=78)]
    uuids = [_deliver(story, body).uuid for body in bad]
    with pytest.raises(again.StillExcepted), transaction(story.session):
        again.take(story.session, story.shop.store_id, uuids[0], now=now)
    with transaction(story.session):
        make.close_shift(story.session, story.shop.store_id, story.shop.shift_id, 20_000, now)
        till = tills.one(story.session, story.shop.till_id, story.shop.store_id)
        make.open_shift(story.session, till, 1, 20_000, now, name=name)
    with transaction(story.session):
        again.take(story.session, story.shop.store_id, uuids[0], now=now)
        again.settle(story.session, story.shop.store_id, uuids[1], "已补录", actor="staff:1", now=now)
    with pytest.raises(WrongState), transaction(story.session):
        again.settle(story.session, story.shop.store_id, uuids[1], "x", actor="staff:1", now=now)
    assert _sold(story) == 1
    story.agree()


def test_a_document_that_was_printed_and_then_lost_is_known_of_as_soon_as_the_device_is_back(story, device, now):
    """Complaint 4.5: the device says where its chain ends, whether or not it has anything to deliver."""

    def end(seq):
        with transaction(story.session) as opened:
            return delivery.end(opened, story.shop.store_id, story.shop.till_id, device.id, seq, 0, now=now)

    bodies = [device.sell(now) for _ in range(3)]
    _deliver(story, bodies[0])
    assert (end(1), _cases(story)) == (1, [])
    assert (end(3), _cases(story)) == (1, [("document_gap", "", [2, 3])])
    for body in bodies[1:]:
        _deliver(story, body)
    assert (end(3), _cases(story)) == (3, [])


def test_what_is_not_kept_is_shown_until_somebody_saw_to_it(story, device, now):
    body = device.sell(now)
    _deliver(story, body)
    other = json.dumps(json.loads(body) | {"received_fen": 1000, "change_fen": 10})

    def read_nothing():
        with transaction(story.session) as opened:
            return delivery.unread(opened, story.shop.store_id, story.shop.till_id, "u-1", "nonsense", now=now)

    assert [_deliver(story, other).state, read_nothing().state] == ["altered", "unread"]
    assert _cases(story) == [("document_altered", "other_bytes", None), ("document_altered", "unread", None)]
    with transaction(story.session):
        for (case,) in story.session.execute(text("SELECT id FROM exception_case")).all():
            cases.resolve(story.session, case, "已核对", actor="staff:1", now=now)
    assert [_deliver(story, other).state, read_nothing().state] == ["settled", "settled"]
    again_other = json.dumps(json.loads(body) | {"received_fen": 2000, "change_fen": 1010})
    assert (_deliver(story, again_other).state, _sold(story)) == ("altered", 1)


def test_a_thousand_answers_lost_after_the_commit_make_one_sale(story, device, now, open_session):
    """Complaint 4.1: resent from two windows at once, and the same id with other lines between: one of everything."""
    body = device.sell(now, milk=2, member_id=story.member, tier="standard")
    other = json.dumps(json.loads(body) | {"received_fen": 5000, "change_fen": 5000 - 1980})
    answers: list[tuple[str, int | None]] = []

    def window() -> None:
        with open_session() as mine:
            for number in range(500):
                found = _deliver(story, other if number % 100 == 99 else body, session=mine)
                answers.append((found.state, found.order_id))

    threads = [Thread(target=window) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (order_id,) = {order for state, order in answers if state == "taken"}
    assert sorted({*answers}, key=str) == [("altered", None), ("taken", order_id)]
    assert (len(answers), answers.count(("altered", None)), _sold(story)) == (1000, 10, 1)
    assert story.count("SELECT count(*) FROM stock_movement WHERE key LIKE 'order:%'") == 1
    assert story.count("SELECT count(*) FROM tender") == 1
    assert story.count("SELECT count(*) FROM till_document") == 1
    assert _cases(story) == [("document_altered", "other_bytes", None)]
    story.agree()


def test_what_the_head_office_took_back_stays_taken_back_when_the_till_sends_it_again(story, device, now):
    """Complaint 4.1: and what a person settled by hand stays settled."""
    body, bad = device.sell(now, milk=1), device.sell(now, shift_id=77)
    order_id = _deliver(story, body).order_id
    _deliver(story, bad)
    story.give_back(order_id, lines={1: 1})
    with transaction(story.session):
        again.settle(story.session, story.shop.store_id, json.loads(bad)["uuid"], "已补录", actor="staff:1", now=now)
    for _ in range(3):
        assert _deliver(story, body).order_id == order_id
        assert (_deliver(story, bad).state, _sold(story)) == ("settled", 1)
    assert story.count("SELECT sum(qty) FROM return_line WHERE order_id = :id", id=order_id) == 1
    assert story.count("SELECT on_hand FROM stock_level WHERE sku_id = :id", id=story.shop.skus["milk"]) == 100
    story.agree()
