"""A basket voided where nobody could be told: written down in its own shift, or on the desk with the reason."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from tests.devices import Device
from tests.stories import Story
from trade.orders.held import moves as held
from trade.orders.offline import again, delivery
from trade.stores.approvals import moves as approvals
from trade.stores.approvals.states import Action
from trade.stores.models import Role


@pytest.fixture
def story(session, now):
    return Story(session, now)


@pytest.fixture
def device(story):
    return Device(story.shop, staff_id=story.shop.people[Role.CASHIER])


def _deliver(story, body, now=None):
    with transaction(story.session) as opened:
        return delivery.deliver(opened, story.shop.store_id, story.shop.till_id, body, 0, now=now or story.now)


def _voided(story):
    rows = story.session.execute(text("SELECT * FROM voided_ticket")).all()
    story.session.rollback()
    return rows


def _approvals(story):
    rows = story.session.execute(text("SELECT state, alone, approver_id FROM approval")).all()
    story.session.rollback()
    return rows


def _word(story, ticket_id):
    """A manager approved it at the till, with network."""
    shop = story.shop
    asked = approvals.Asked(
        shop.store_id, shop.till_id, shop.people[Role.CASHIER], Action.VOID, f"ticket:{ticket_id}", "顾客不要了", {}
    )
    with transaction(story.session) as opened:
        return approvals.ask(opened, asked, approver_id=shop.people[Role.STORE_MANAGER], now=story.now)


def test_a_manager_s_pin_without_network_counts_and_the_void_is_of_its_own_moment_and_shift(story, device, now):
    manager = story.shop.people[Role.STORE_MANAGER]
    body = device.void(now - timedelta(hours=3), approver_id=manager)
    assert {_deliver(story, body).state for _ in range(3)} == {"taken"}
    (row,) = _voided(story)
    assert (row.alone, row.approver_id, row.shift_id, row.at) == (
        True, manager, story.shop.shift_id, now - timedelta(hours=3),
    )  # fmt: skip
    assert _approvals(story) == [("used", True, manager)]


def test_an_approval_that_was_good_when_it_happened_counts_however_late_it_is_told(story, device, now):
    """The network went in the moment of the void and came back after the ten minutes of the approval."""
    ticket = str(uuid.uuid4())
    word = _word(story, ticket)
    body = device.void(now + timedelta(seconds=20), id=ticket, approval_id=word)
    assert _deliver(story, body, now + timedelta(hours=2)).state == "taken"
    (row,) = _voided(story)
    assert (row.id, row.approver_id) == (ticket, story.shop.people[Role.STORE_MANAGER])
    assert _approvals(story) == [("used", False, story.shop.people[Role.STORE_MANAGER])]


@pytest.mark.parametrize("why", ["approval_missing", "approval_over", "not_an_approver", "unknown_shift", "sum"])
def test_one_without_a_word_that_counts_is_on_the_desk_with_its_reason(story, device, now, why):
    word = _word(story, str(uuid.uuid4()))
    wrong = {
        "approval_missing": {}, "approval_over": {"approval_id": word}, "unknown_shift": {"shift_id": 99},
        "not_an_approver": {"approver_id": story.shop.people[Role.CASHIER]}, "sum": {"payable_fen": 1},
    }[why]  # fmt: skip
    body = device.void(now, **wrong)
    assert (_deliver(story, body).reason, _voided(story)) == (why, [])
    case = "SELECT cause || ':' || money_fen FROM exception_case WHERE kind = 'document_excepted'"
    assert story.count(case) == f"{why}:{1 if why == 'sum' else 1980}"
    with pytest.raises(again.StillExcepted), transaction(story.session) as opened:
        again.take(opened, story.shop.store_id, json.loads(body)["uuid"], now=now)
    assert _voided(story) == []
    assert [row.state for row in _approvals(story)] == ["approved"]


def test_before_the_subtotal_nobody_is_needed_and_a_basket_that_moved_on_stays_the_other_s(story, device, now):
    shop = story.shop
    aside, hand = held.Aside({}, [], 1_980), held.Hand(str(uuid.uuid4()), 0)
    by = {"till_id": shop.till_id, "staff_id": shop.people[Role.CASHIER], "now": now}
    with transaction(story.session) as opened:
        held.hold(opened, shop.store_id, hand, aside, **by)
    body = device.void(now, after_subtotal=False, held_id=hand.id, held_version=7)
    assert (_deliver(story, body).state, len(_voided(story))) == ("taken", 1)
    assert story.count("SELECT state FROM held_basket") == "held"
    mine = device.void(now, after_subtotal=False, held_id=hand.id, held_version=0)
    assert (_deliver(story, mine).state, story.count("SELECT state FROM held_basket")) == ("taken", "dropped")
