"""A discount by hand without network: taken as it was given, told in the journal, and what was above is listed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from tests.devices import Device
from tests.stories import Story
from trade.orders.offline import delivery
from trade.stores.models import Role

HOUR = timedelta(hours=1)


@pytest.fixture
def story(session, now):
    return Story(session, now)


def _sell(story, off_fen, *, told_fen=None, staff=Role.CASHIER, approved_by=None):
    """Two milks (19.80) for `off_fen` less off the line; the answer, what differs, and what the journal tells."""
    device = Device(story.shop, staff_id=story.shop.people[staff])
    said = json.loads(Device(story.shop, staff_id=device.staff_id).sell(story.now - HOUR, milk=2))
    line = said["lines"][0]
    line["shares"] = [{"source": "manual", "source_id": 0, "version": 0, "amount_fen": off_fen}]
    line["net_fen"] -= off_fen
    due_fen = line["net_fen"]
    row = {"line_no": 1, "reason": "damaged", "before_fen": 1980, "off_fen": told_fen or off_fen}
    money = {"payable_fen": due_fen, "received_fen": due_fen, "approved_by": approved_by}
    money |= {"approved_why": "临期处理"} if approved_by else {}
    body = device.write(said | money | {"device": device.id, "by_hand": [row]})
    with transaction(story.session) as opened:
        answer = delivery.deliver(opened, story.shop.store_id, story.shop.till_id, body, 0, now=story.now)
    differences = story.count("SELECT differences FROM till_document WHERE uuid = :id", id=answer.uuid)
    with transaction(story.session):
        told = story.session.scalar(text("SELECT data FROM journal WHERE kind = 'order.discounted_by_hand'"))
    return answer, differences, told


def test_within_the_cashiers_limits_it_is_taken_and_told(story):
    answer, differences, told = _sell(story, 99)
    assert (answer.state, differences) == ("taken", [])
    assert (told["alone"], told["approved_by"], told["till_id"]) == (True, None, story.shop.till_id)
    assert told["discounts"] == [
        {"line_no": 1, "reason": "damaged", "before_fen": 1980, "after_fen": 1881, "off_fen": 99}
    ]
    story.agree()


def test_above_them_a_managers_pin_on_the_device_counts(story):
    manager = story.shop.people[Role.STORE_MANAGER]
    answer, differences, told = _sell(story, 594, approved_by=manager)
    assert (answer.state, differences, told["approved_by"]) == ("taken", [], f"staff:{manager}")
    assert told["approved_why"] == "临期处理"
    story.agree()


@pytest.mark.parametrize(
    ("off_fen", "by", "code", "who"),
    [
        (100, None, "hand_above_limit", Role.CASHIER),
        (595, Role.STORE_MANAGER, "hand_above_limit", Role.STORE_MANAGER),
        (100, Role.STORE_STAFF, "hand_not_an_approver", Role.STORE_STAFF),
    ],
)
def test_what_nobody_might_give_is_taken_all_the_same_and_listed(story, off_fen, by, code, who):
    people = story.shop.people
    answer, differences, _ = _sell(story, off_fen, approved_by=people[by] if by else None)
    assert answer.state == "taken"
    assert [(one["code"], one["staff_id"]) for one in differences] == [(code, people[who])]
    story.agree()


def test_a_document_that_tells_of_more_than_was_taken_off_waits_on_the_desk(story):
    answer, _, told = _sell(story, 99, told_fen=100)
    assert (answer.state, answer.reason, told) == ("excepted", "hand", None)
