"""A store's clocks run while it is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trade.fulfilment import clocks
from trade.fulfilment.clocks import Hours

SHOP, ALWAYS = Hours(480, 1320), Hours(0, 1440)
M = timedelta(minutes=1)


def at(words: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(f"2026-{words}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("mode", "now", "due"),
    [
        ("delivery", "11-23T12:00", "11-23T12:03"),
        ("pickup", "11-23T12:00", "11-23T12:15"),
        ("ship", "11-23T12:00", "11-23T14:00"),
        ("pickup", "11-23T21:45", "11-23T22:00"),  # exactly at closing: due then, not in the morning
        ("pickup", "11-23T21:46", "11-24T08:01"),
        ("pickup", "11-23T22:00", "11-24T08:15"),  # the moment of closing is shut
        ("pickup", "11-24T00:00", "11-24T08:15"),
        ("pickup", "11-24T07:59", "11-24T08:15"),
        ("pickup", "11-24T08:00", "11-24T08:15"),
        ("ship", "11-23T21:30:30", "11-24T09:30:30"),
        ("ship", "12-31T21:00", "2027"),
    ],
)
def test_a_clock_runs_in_open_hours_only(mode, now, due):
    asked = datetime(2027, 1, 1, 1, tzinfo=UTC) if due == "2027" else at(due)
    assert clocks.accept_by(SHOP, mode, at(now)) == asked


def test_a_store_that_never_closes_has_no_gap_at_midnight():
    assert clocks.accept_by(ALWAYS, "pickup", at("11-23T23:50")) == at("11-24T00:05")
    assert clocks.is_open(ALWAYS, at("11-24T00:00"))
    late = Hours(1380, 1440)  # 23:00 to 24:00
    assert clocks.accept_by(late, "pickup", at("11-23T23:45")) == at("11-24T00:00")
    assert clocks.accept_by(late, "pickup", at("11-23T23:46")) == at("11-24T23:01")
    assert not clocks.is_open(late, at("11-24T00:00"))


def test_a_clock_longer_than_a_day_takes_the_days_it_needs():
    assert clocks.after(Hours(600, 660), at("11-23T10:00"), 150 * M) == at("11-25T10:30")


def test_hours_are_those_of_the_stores_own_zone():
    now = at("11-23T12:00")  # 13:00 in Tokyo, 09:30 in Kolkata: open there, too; 05:00 in Paris
    assert clocks.accept_by(Hours(480, 1320, "Europe/Paris"), "pickup", now) == at("11-23T08:15", "Europe/Paris")
    assert clocks.accept_by(Hours(480, 1320, "Asia/Tokyo"), "pickup", now) == now + 15 * M
    night = at("03-28T21:50", "Europe/Paris")  # clocks go forward in this night: ten minutes here, five there
    assert clocks.accept_by(Hours(480, 1320, "Europe/Paris"), "pickup", night) == at("03-29T08:05", "Europe/Paris")


def test_closing_early_shuts_until_the_next_opening():
    early = Hours(480, 1320, closes_early_at=at("11-23T18:00"))
    assert clocks.accept_by(early, "pickup", at("11-23T17:50")) == at("11-24T08:05")
    assert clocks.accept_by(early, "pickup", at("11-23T19:00")) == at("11-24T08:15")
    assert not clocks.is_open(early, at("11-23T18:00"))
    assert clocks.accept_by(early, "pickup", at("11-24T19:00")) == at("11-24T19:15")  # it was that day only
    assert clocks.accept_by(Hours(480, 1320, closes_early_at=at("11-23T08:00")), "pickup", at("11-23T09:00")) == at(
        "11-24T08:15"
    )


def test_a_store_is_nudged_at_half_and_loudly_at_four_fifths_of_its_open_time():
    assigned = at("11-23T21:50")
    due = clocks.accept_by(SHOP, "ship", assigned)
    assert due == at("11-24T09:50")
    assert clocks.share_by(SHOP, assigned, due, clocks.NUDGE) == at("11-24T08:50")
    assert clocks.share_by(SHOP, assigned, due, clocks.LOUD) == at("11-24T09:26")


MINUTES = st.integers(0, 3 * 1440)


@settings(max_examples=80, deadline=None)
@given(MINUTES, MINUTES, st.integers(0, 1439), st.data())
def test_what_a_clock_counts_is_what_the_store_was_open(start, length, opens, data):
    hours = Hours(opens, data.draw(st.integers(opens + 1, 1440)), data.draw(st.sampled_from(["Asia/Shanghai", "UTC"])))
    began = datetime(2026, 3, 1, tzinfo=UTC) + start * M
    ended = clocks.after(hours, began, length * M)
    assert clocks.open_between(hours, began, ended) == length * M
    if length:
        assert clocks.open_between(hours, began, ended - M) < length * M or not clocks.is_open(hours, ended - M)
