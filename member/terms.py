"""What points are worth: the programme's terms, one immutable version after the other, by date.

A version is a row of `points_terms`; the newest that has begun is in force.  A process reads them at most every
`FRESH_S` seconds, so a new version is announced with a `from_at` in the future and is in force everywhere at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import SHANGHAI, month_end
from config.db import fetch

FRESH_S = 5
Shortfall = Literal["deficit", "deduct_refund", "ask_manager", "write_off"]
ONE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Campaign:
    """More (or fewer) points for a while: `mult_bp` 20,000 is twice.  An empty list means everywhere, every day.

    `weekdays` are 1 (Monday) to 7 in Shanghai.  One that `multiplies` is taken times the others, not added to them.
    """

    code: str
    mult_bp: int
    from_at: datetime
    until_at: datetime
    store_ids: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    multiplies: bool = False


@dataclass(frozen=True, slots=True)
class Extra:
    """One more earning rule beside the basic one: `earn_bp` on the goods it names."""

    code: str
    earn_bp: int
    category_ids: tuple[int, ...] = ()
    sku_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Gift:
    """Points for something other than an order; `per_day` is how often in one store day, `streak` more by days.

    `growth` is what it brings beside the points; it counts for tiers at once.
    """

    points: int
    per_day: int = 1
    valid_months: int | None = None
    streak: dict[int, int] = field(default_factory=dict)
    growth: int = 0


@dataclass(frozen=True, slots=True)
class Referral:
    """What bringing a friend is worth (`member/referral.py`): to the inviter, and to the friend.

    It is paid `wait_days` after the friend's order was closed (and not before its points are), for at most
    `max_per_month` friends a month; the friend has `within_days` from the invitation and keeps at least `least_fen`.
    """

    points: int = 0
    friend_points: int = 0
    growth: int = 0
    max_per_month: int = 10
    wait_days: int = 7
    within_days: int = 90
    least_fen: int = 0
    valid_months: int | None = None


def _gifts() -> dict[str, Gift]:
    return {"register": Gift(0), "profile": Gift(0), "sign_in": Gift(1, streak={7: 10}), "review": Gift(0, per_day=3)}


_TIER_BP = {"standard": 10_000, "silver": 12_000, "gold": 15_000, "black": 20_000}


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the terms.  Rates in basis points, money in fen, None where there is no limit.

    `earn_bp` 100 is one point for each yuan paid.  Points are redeemed in steps, for at most
    `redeem_max_bp` of what is to pay.  `confirm_days` after the sale (till) or the hand-over (mall) they arrive.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    earn_bp: int = 100
    tier_bp: dict[str, int] = field(default_factory=lambda: dict(_TIER_BP))
    redeem_fen_per_point: int = 1
    redeem_step: int = 100
    redeem_max_bp: int = 5_000
    valid_months: int = 12
    reinstate_for: timedelta = timedelta(days=30)
    release_grace: timedelta = timedelta(days=3)
    version: int = 1
    campaigns: tuple[Campaign, ...] = ()
    extras: tuple[Extra, ...] = ()
    earn_excluded_category_ids: tuple[int, ...] = ()
    earn_excluded_sku_ids: tuple[int, ...] = ()
    max_per_order: int | None = None
    max_per_day: int | None = None
    max_per_month: int | None = None
    redeem_min: int = 0
    redeem_max_per_order: int | None = None
    redeem_max_per_day: int | None = None
    redeem_excluded_category_ids: tuple[int, ...] = ()
    redeem_excluded_sku_ids: tuple[int, ...] = ()
    validity: Literal["rolling", "year_end", "never"] = "rolling"
    confirm_days: dict[str, int] = field(default_factory=lambda: {"till": 0, "mall": 0})
    shortfall: Shortfall = "deficit"
    shortfall_by_channel: dict[str, Shortfall] = field(default_factory=dict)
    write_off_per_month: int = 0
    gifts: dict[str, Gift] = field(default_factory=_gifts)
    referral: Referral = field(default_factory=Referral)
    adjust_alone_up_to: int = 500
    breakage_bp: int = 1_000

    def expiry(self, at: datetime, *, months: int | None = None) -> datetime | None:
        """When value that becomes spendable `at` expires; None for never."""
        if months is not None or self.validity == "rolling":
            return month_end(at, self.valid_months if months is None else months)
        return year_end(at) if self.validity == "year_end" else None

    def arrives(self, channel: str, at: datetime) -> datetime | None:
        """When points of a sale or a hand-over `at` arrive; None for at once."""
        days = self.confirm_days.get(channel, 0)
        return at + timedelta(days=days) if days else None

    def shortfall_of(self, channel: str) -> Shortfall:
        """What happens when points to take back are spent already, for an order of this channel."""
        return self.shortfall_by_channel.get(channel, self.shortfall)

    def worth_fen(self, points: int) -> int:
        """What points are worth when they are redeemed."""
        return points * self.redeem_fen_per_point


def year_end(at: datetime) -> datetime:
    """The end of the year of a moment in Shanghai, as an exclusive UTC bound."""
    return month_end(at, 12 - at.astimezone(SHANGHAI).month)


_FIRST = Terms()
_FORM = TypeAdapter(Terms)
_ALL = text("SELECT version, from_at, body FROM points_terms ORDER BY from_at DESC, version DESC")
_ANNOUNCE = text("""
    INSERT INTO points_terms (version, from_at, body, author, at)
    SELECT coalesce(max(version), 1) + 1, :from_at, CAST(:body AS jsonb), :actor, :now FROM points_terms
    RETURNING version""")


class _Known:
    """What this process knows of the table, and since when."""

    read_at_s: int | None = None
    versions: Sequence[tuple[datetime, Terms]] = ()


def _seconds() -> int:
    return time.monotonic_ns() // 10**9


def _stale() -> bool:
    return _Known.read_at_s is None or _seconds() - _Known.read_at_s >= FRESH_S


def forget() -> None:
    """Read the table again at the next question."""
    _Known.read_at_s, _Known.versions = None, ()


@lru_cache(maxsize=64)
def _parsed(version: int, body: str) -> Terms:
    return replace(_FORM.validate_json(body), version=version)


def terms_at(now: datetime, session: Session | None = None) -> Terms:
    """The terms in force at a moment; with a session, by the table as it was at most FRESH_S ago."""
    if session is not None and _stale():
        rows = fetch(session, _ALL, {})
        _Known.versions = [(row.from_at, _parsed(row.version, json.dumps(row.body))) for row in rows]
        _Known.read_at_s = _seconds()
    return next((terms for from_at, terms in _Known.versions if from_at <= now), _FIRST)


def announce(session: Session, body: dict[str, Any], *, from_at: datetime, actor: str, now: datetime) -> int:
    """Write the next version, in force from `from_at`; returns its number.  No version is ever changed.

    :raises ValidationError: a term is not known or not of its kind.
    """
    assert from_at >= now, (from_at, now)
    checked = _FORM.dump_json(_FORM.validate_python(body)).decode()
    given = {"from_at": from_at, "body": checked, "actor": actor, "now": now}
    version = int(fetch(session, _ANNOUNCE, given)[0].version)
    journal.record(session, "points.terms_announced", f"points_terms:{version}", actor=actor, now=now)
    forget()
    return version


def multiply(session: Session, tier_bp: dict[str, int], *, from_at: datetime, actor: str, now: datetime) -> int:
    """The terms in force at a moment, with other multipliers by tier from then on (tier rules were published)."""
    body = _FORM.dump_python(terms_at(from_at, session), mode="json") | {"tier_bp": tier_bp}
    return announce(session, body, from_at=max(from_at, now), actor=actor, now=now)


def earns(terms: Terms, basis_fen: int, tier: str) -> int:
    """Points of the basic rule for an order: floored once per order (members-mall-orders.md 3.1)."""
    return basis_fen * terms.earn_bp * terms.tier_bp.get(tier, ONE_BP) // (ONE_BP * ONE_BP)
