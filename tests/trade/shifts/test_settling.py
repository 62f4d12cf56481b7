"""A drawer from float to Z: what is expected of it, and what a count may differ by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.db import transaction
from config.errors import Malformed
from tests import factories as make
from tests.stories import Story
from tests.trade.shifts import words as w
from trade.orders.shifts import moves, read, settle
from trade.orders.shifts.states import CashKind

HOUR = timedelta(hours=1)


def test_expected_cash_is_of_cash_alone_and_of_refunds_and_moves(story):
    """Complaint 4.17: cards are not cash, and cash given back is gone."""
    cash_order = story.sell(milk=3)
    make.ring_up(story.session, story.shop, story.now, milk=1)
    story.top_up(5_000)
    make.ring_up(story.session, story.shop, story.now, member_id=story.member, wallet_fen=990, milk=1)
    story.give_back(cash_order, lines={1: 1})
    w.move(story, CashKind.PAID_IN, 300)
    w.move(story, CashKind.PAID_OUT, 1_200)
    w.move(story, CashKind.DROP, 2_000, "safe")
    found = w.figures(story)
    assert found["tenders"] == {"cash": 3 * 990 + 990 + 5_000, "wallet": 990}
    assert (found["sales"], found["top_ups"], found["returns"], found["refunds"]) == (3, 1, 1, {"cash": 990})
    assert found["expected_fen"] == 20_000 + 8_960 - 990 + 300 - 1_200 - 2_000
    with transaction(story.session):
        z_of = make.close_shift(story.session, story.shop.store_id, story.shop.shift_id, 25_070, story.now)
    assert (z_of["expected_fen"], z_of["difference_fen"], z_of["drops_fen"]) == (25_070, 0, 2_000)
    story.agree()


@pytest.mark.parametrize("hours", range(-8, 9, 2))
def test_a_shift_is_what_was_rung_in_it_whatever_day_it_is(session, hours):
    """Complaint 4.17: around midnight, in Shanghai and in UTC, a shift is neither more nor less."""
    midnight = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # 00:00 in Shanghai
    story = Story(session, midnight + hours * HOUR, milk=200)
    for minutes in (0, 30, 90):
        story.now = midnight + hours * HOUR + timedelta(minutes=minutes)
        story.sell(milk=1)
    assert w.figures(story)["expected_fen"] == 20_000 + 3 * 990
    story.agree()


def test_a_count_that_is_right_is_final_at_once_and_a_wrong_one_may_be_counted_once_more(story, device):
    assert w.deliver(story, device.sell(story.now), device.seal(story.now, 20_990)) == ["taken", "taken"]
    with transaction(story.session) as opened:
        assert read.one(opened, story.shop.store_id, story.shop.shift_id)["state"] == "sealed"


def test_until_the_count_is_final_it_is_only_said_that_it_differs(story, device):
    w.deliver(story, device.sell(story.now), device.seal(story.now, 20_000))
    with transaction(story.session) as opened:
        found = read.one(opened, story.shop.store_id, story.shop.shift_id)
    assert (found["state"], found["differs"], found["counts"]) == ("counted", True, 1)
    assert (found["expected_fen"], found["difference_fen"]) == (None, None)
    w.deliver(story, device.seal(story.now, 20_985, again=True))
    with transaction(story.session) as opened:
        found = read.one(opened, story.shop.store_id, story.shop.shift_id)
    assert (found["state"], found["expected_fen"], found["difference_fen"]) == ("sealed", 20_990, -5)
    assert w.deliver(story, device.seal(story.now, 20_990, again=True)) == ["excepted"]  # one recount, no more
    w.do(story, settle.settle, story.shop.shift_id)
    assert [count["fen"] for count in w.zs(story)[0]["counts"]] == [20_000, 20_000, 20_985]
    story.agree()


def test_any_count_is_taken_and_beyond_the_limit_a_manager_says_why(story):
    """Complaint 4.16: closing never refuses a difference."""
    w.count(story, 17_000)
    w.keep(story)
    before = w.everything(story)
    with pytest.raises(settle.VarianceNeedsApproval) as refused:
        w.do(story, settle.settle, story.shop.shift_id)
    assert refused.value.facts == {"difference_fen": -3_000, "limit_fen": 2_000}
    with pytest.raises(Malformed):
        w.do(story, settle.settle, story.shop.shift_id, variance=settle.Word(2, " "))
    assert w.everything(story) == before
    w.do(story, settle.settle, story.shop.shift_id, variance=settle.Word(3, "找错零钱"))
    [written] = w.zs(story)
    assert (written["difference_fen"], written["reason"], written["approved_by"]) == (-3_000, "找错零钱", "员工S1")
    story.agree()


def test_within_the_limit_nobody_is_asked(story):
    w.count(story, 18_000)
    w.keep(story)
    assert w.do(story, settle.settle, story.shop.shift_id) == 1
    story.agree()


def test_the_next_float_is_what_was_counted_and_left_never_what_was_expected(story):
    """Complaint 4.16: wrong carry-over."""
    w.count(story, 19_500, taken_fen=9_500)
    with transaction(story.session) as opened:
        assert read.proposed_fen(opened, w.till(story)) == 10_000
        made = make.open_shift(opened, w.till(story), 1, 9_000, story.now)
        assert read.one(opened, story.shop.store_id, made)["proposed_fen"] == 10_000
    with pytest.raises(Malformed):
        w.do(story, moves.count, made, 1, make.pieces(100), taken_fen=101)
