"""A manager lets a till sell without network: told when it is heard of again, and shown in the report of its shift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from tests.devices import Device
from tests.stories import Story
from tests.trade.shifts import words as w
from trade.orders.shifts import moves, read, settle
from trade.stores import alone
from trade.stores.models import Role

HOUR = timedelta(hours=1)


@pytest.fixture
def story(session, now):
    return Story(session, now)


@pytest.fixture
def device(story):
    return Device(story.shop)


@pytest.fixture
def by_manager(story):
    with transaction(story.session) as opened:
        alone.set_(opened, story.shop.store_id, alone.Rule(True, 60), actor="t", now=story.now - HOUR)


def _differences(story):
    rows = story.session.execute(text("SELECT differences FROM till_document WHERE kind = 'sale' ORDER BY seq")).all()
    story.session.rollback()
    return [row.differences for row in rows]


@pytest.mark.usefixtures("by_manager")
def test_a_sale_under_a_managers_word_is_one_like_any_other(story, device, now):
    manager = story.shop.people[Role.STORE_MANAGER]
    bodies = [
        device.sell(now - 90 * HOUR / 60),
        device.sell(now - HOUR),
        device.word(now - HOUR / 2, "offline_mode", manager),
        device.sell(now - HOUR / 3),
        device.sell(now),
    ]
    story.now = now + HOUR
    bodies.append(device.sell(story.now))
    assert w.deliver(story, *bodies) == ["taken"] * 6
    unasked = [{"code": "alone_without_word"}]
    assert _differences(story) == [[], unasked, [], [], unasked], "before the rule, before the word, in it, after it"
    [word] = story.count("SELECT jsonb_agg(to_jsonb(a)) FROM approval a")
    assert (word["action"], word["state"], word["alone"], word["approver_id"]) == (
        "offline_mode",
        "used",
        True,
        manager,
    )
    assert story.count("SELECT until_at - used_at FROM approval") == HOUR
    with transaction(story.session) as opened:
        report = read.x(opened, w.till(story), cash_too=True) or {}
    [shown] = report["words"]
    assert (shown["action"], shown["reason"], shown["at"]) == ("offline_mode", "断网", (now - HOUR / 2).isoformat())
    w.count(story, 20_000 + 5 * 990)
    w.keep(story)
    w.do(story, settle.settle, story.shop.shift_id)
    assert w.zs(story)[0]["words"] == report["words"]
    story.agree()


@pytest.mark.usefixtures("by_manager")
def test_the_word_of_who_may_not_approve_waits_on_the_desk_and_opens_no_gate(story, device, now):
    cashier = story.shop.people[Role.CASHIER]
    bodies = [device.word(now - HOUR / 2, "offline_mode", cashier), device.sell(now)]
    assert w.deliver(story, *bodies) == ["excepted", "taken"]
    assert story.count("SELECT cause FROM exception_case") == "not_an_approver"
    assert story.count("SELECT count(*) FROM approval") == 0
    assert _differences(story) == [[{"code": "alone_without_word"}]]
    story.agree()


def test_without_a_rule_nobody_is_asked(story, device, now):
    assert w.deliver(story, device.sell(now)) == ["taken"]
    assert _differences(story) == [[]]


@pytest.mark.parametrize("minutes", [0, 60 * 49])
def test_a_word_that_ends_before_it_begins_or_hardly_ever_is_not_taken(story, device, now, minutes):
    manager = story.shop.people[Role.STORE_MANAGER]
    assert w.deliver(story, device.word(now, "offline_mode", manager, minutes=minutes)) == ["excepted"]
    assert story.count("SELECT count(*) FROM approval") == 0


def test_a_shift_that_went_on_by_a_managers_word_went_on(story, device):
    cut_over = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    manager = story.shop.people[Role.STORE_MANAGER]
    with transaction(story.session) as opened:
        opened.execute(text("UPDATE shift SET sells_until = :at"), {"at": cut_over})
    story.now = cut_over + 3 * HOUR
    bodies = [device.word(cut_over + HOUR, "late_shift", manager), device.sell(cut_over + 2 * HOUR)]
    assert w.deliver(story, *bodies) == ["taken", "taken"]
    row = story.session.execute(text("SELECT sells_until, extender_id FROM shift")).one()
    story.session.rollback()
    assert (row.sells_until, row.extender_id) == (cut_over + 24 * HOUR, manager)
    told = story.count("SELECT data FROM journal WHERE kind = 'shift.prolonged'")
    assert (told["approved_by"], told["alone"]) == (manager, True)
    again = device.word(cut_over + 25 * HOUR, "late_shift", manager)
    story.now = cut_over + 26 * HOUR
    assert w.deliver(story, again) == ["taken"], "it happened, though a shift goes on once"
    assert story.count("SELECT sells_until FROM shift") == cut_over + 24 * HOUR
    assert story.count("SELECT count(*) FROM approval WHERE action = 'late_shift'") == 2
    with pytest.raises(moves.ProlongedBefore):
        w.do(story, moves.prolong, story.shop.shift_id, manager, "夜班")
