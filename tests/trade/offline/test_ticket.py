"""What a till without network noted with a sale: sellers and notes are kept, and a basket put aside is sold."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from tests.devices import Device
from tests.stories import Story, books
from trade.orders.held import moves as held
from trade.orders.held.moves import Aside, Hand, HeldMovedOn
from trade.orders.offline import delivery
from trade.orders.ticket import sellers
from trade.stores.models import Role


@pytest.fixture
def story(session, now):
    return Story(session, now)


def _deliver(story, body):
    with transaction(story.session) as opened:
        return delivery.deliver(opened, story.shop.store_id, story.shop.till_id, body, 0, now=story.now)


def _at(story):
    return {"till_id": story.shop.till_id, "staff_id": story.shop.people[Role.CASHIER], "now": story.now}


def _held(story):
    """A basket put aside and taken up again at the till; its id and version."""
    held_id = str(uuid.uuid4())
    with transaction(story.session):
        held.hold(story.session, 1, Hand(held_id, 0), Aside({"lines": []}), **_at(story))
        return held_id, held.resume(story.session, 1, held_id, **_at(story)).version


def _state(story, held_id):
    row = held.one(story.session, 1, held_id)
    story.session.rollback()
    return row.state, row.order_id


def test_sellers_and_notes_are_kept_and_what_is_not_sound_is_left_out(story, now):
    device, clerk = Device(story.shop), story.shop.people[Role.STORE_STAFF]
    lines = [
        {"line_no": 1, "note": "刻字小明", "sellers": [{"staff_id": clerk, "bp": 10_000}]},
        {"line_no": 2, "sellers": [{"staff_id": clerk, "bp": 4_000}]},
        {"line_no": 9, "note": "没有这一行"},
    ]
    ticket = {"held_id": None, "note": "九点来取", "print_notes": True, "lines": lines}
    answer = _deliver(story, device.sell(now - timedelta(hours=1), milk=1, bread=1, ticket=ticket))
    assert answer.state == "taken"
    rows = sellers.of(story.session, 1, answer.order_id)
    assert [(row.line_no, row.staff_id, row.bp) for row in rows] == [(1, clerk, 10_000)]
    noted = story.session.execute(text("SELECT line_no, note FROM order_note ORDER BY line_no")).all()
    story.session.rollback()
    assert noted == [(0, "九点来取"), (1, "刻字小明")]
    story.follow()
    assert books(story.session) == {}


def test_a_sale_without_network_ends_the_basket_and_no_older_draft_opens_it(story, now):
    """Complaint 4.4: told three times, and the till's own draft comes after it."""
    held_id, version = _held(story)
    body = Device(story.shop).sell(now, milk=1, ticket={"held_id": held_id})
    order = {_deliver(story, body).order_id for _ in range(3)}.pop()
    assert _state(story, held_id) == ("sold", order)
    with pytest.raises(HeldMovedOn), transaction(story.session):
        held.hold(story.session, 1, Hand(held_id, version), Aside({"lines": []}), **_at(story))
    unshared = str(uuid.uuid4())
    sold = _deliver(story, Device(story.shop).sell(now, milk=1, ticket={"held_id": unshared})).order_id
    with transaction(story.session):
        held.hold(story.session, 1, Hand(unshared, 0), Aside({"lines": []}), **_at(story))
    assert _state(story, unshared) == ("sold", sold)


def test_a_basket_that_was_sold_twice_is_on_the_exception_desk_with_both_orders(story, now):
    held_id, version = _held(story)
    first = story.sell(milk=1)
    with transaction(story.session):
        held.sell(story.session, 1, Hand(held_id, version), first, **_at(story))
    body = Device(story.shop).sell(now, milk=1, ticket={"held_id": held_id})
    second = {_deliver(story, body).order_id for _ in range(2)}.pop()
    found = story.session.execute(text("SELECT kind, cause, order_id, money_fen FROM exception_case")).all()
    story.session.rollback()
    assert found == [("duplicate", "held_twice", second, 990)]
    assert _state(story, held_id) == ("sold", second)
