"""A store's clocks run while it is open (till-and-store-desk.md 3.16).  Pure.

A store opens and closes once a day, at minutes after local midnight; 1440 is the end of the day.  It may close early:
from that moment to its next regular opening it is shut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ACCEPT_MINUTES = {"delivery": 3, "pickup": 15, "ship": 120}
"""How long a store may take to accept a parcel, by mode, unless the store has its own."""
NUDGE, LOUD = 500, 800
"""At which permille of the clock the store is nudged, and loudly."""
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """When a store is open; `closes_early_at` shuts it from then until its next opening."""

    opens_minute: int
    closes_minute: int
    zone: str = "Asia/Shanghai"
    closes_early_at: datetime | None = None


@lru_cache(maxsize=8192)
def _regular(opens_minute: int, closes_minute: int, zone: str, day: date) -> tuple[datetime, datetime]:
    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    opens, closes = (midnight + timedelta(minutes=m) for m in (opens_minute, closes_minute))
    return opens.astimezone(UTC), closes.astimezone(UTC)


def spans(hours: Hours, from_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches in which the store is open from a moment on, each as (from, to) in UTC; without end."""
    day = from_at.astimezone(ZoneInfo(hours.zone)).date()
    early = hours.closes_early_at
    while True:
        opens_at, closes_at = _regular(hours.opens_minute, hours.closes_minute, hours.zone, day)
        if early is not None and opens_at <= early < closes_at:
            closes_at = early
        if closes_at > max(from_at, opens_at):
            yield max(opens_at, from_at), closes_at
        day += DAY


def opening(hours: Hours, at: datetime) -> datetime:
    """`at` itself when the store is open then, else when it opens next."""
    return next(spans(hours, at))[0]


def is_open(hours: Hours, at: datetime) -> bool:
    """Is the store open at this moment?"""
    return opening(hours, at) == at


def after(hours: Hours, at: datetime, open_for: timedelta) -> datetime:
    """When the store will have been open for so long since `at`.

    A stretch that ends exactly at closing time ends there, not at the next opening; no time at all ends at `at`.
    """
    if not open_for:
        return at
    for from_at, to_at in spans(hours, at):
        if open_for <= to_at - from_at:
            return from_at + open_for
        open_for -= to_at - from_at
    raise AssertionError("spans never end")


def open_between(hours: Hours, from_at: datetime, to_at: datetime) -> timedelta:
    """How long the store is open between two moments."""
    found = timedelta()
    for began_at, ended_at in spans(hours, from_at):
        if began_at >= to_at:
            return found
        found += min(ended_at, to_at) - began_at
    raise AssertionError("spans never end")


def accept_by(hours: Hours, mode: str, now: datetime, minutes: int | None = None) -> datetime:
    """Until when a store must accept what it is assigned at `now`; `minutes` of the store's own or ACCEPT_MINUTES.

    Counted in open hours: assigned two minutes before closing, a clock of three is due one minute after opening.
    """
    return after(hours, now, (ACCEPT_MINUTES[mode] if minutes is None else minutes) * MINUTE)


def share_by(hours: Hours, assigned_at: datetime, accept_by: datetime, permille: int) -> datetime:
    """When so much of a running clock is used: NUDGE and LOUD are the moments at which the store hears of it."""
    return after(hours, assigned_at, open_between(hours, assigned_at, accept_by) * permille // 1000)
