"""Which tiers there are and what each asks and gives: versions of the rules, by date (members-mall-orders.md 3.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import Refused
from member import terms


class BadTierRules(Refused):
    """The rules contradict themselves or leave members without a tier; `fault` says where."""

    code, status = "bad_tier_rules", 422


@dataclass(frozen=True, slots=True)
class Level:
    """One tier.  Reached with `entry_growth` or more, kept at evaluation with `keep_growth` or more.

    Reaching it brings `gift_points` and a coupon of each offer of `gift_coupons` (`member/tier_gifts.py`).
    """

    code: str
    name_zh: str
    name_en: str
    entry_growth: int
    keep_growth: int
    multiplier_bp: int = 10_000
    benefits: Sequence[dict[str, str]] = ()
    gift_points: int = 0
    gift_coupons: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the rules; `levels` from the lowest, which asks for nothing.

    `counted` is the window: rolling 12 months, the member's own year, or a lifetime.
    """

    levels: tuple[Level, ...]
    counted: Literal["rolling", "year", "lifetime"] = "rolling"
    downgrade: Literal["one_down", "balance_based"] = "one_down"
    grace_days: int = 30
    provisional: bool = True
    ranks: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", {level.code: rank for rank, level in enumerate(self.levels)})

    def reached(self, growth: int) -> int:
        """The rank that an amount of growth gives: the highest whose entry is at most that."""
        return max(rank for rank, level in enumerate(self.levels) if level.entry_growth <= growth or rank == 0)

    def rank(self, code: str | None) -> int:
        """Where a code stands; a code that no longer exists, or none, stands lowest."""
        return self.ranks.get(code or "", 0)

    def level(self, code: str) -> Level:
        """The level of a code, the lowest for one that no longer exists."""
        return self.levels[self.rank(code)]

    def after_failing(self, rank: int, growth: int) -> int:
        """Where a member lands whose growth at evaluation is below what their rank keeps with."""
        assert rank > 0 and growth < self.levels[rank].keep_growth, (rank, growth)
        return rank - 1 if self.downgrade == "one_down" else self.reached(growth)


def _gives(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


FIRST = Rules(
    (
        Level("standard", "普通会员", "Member", 0, 0, 10_000, (_gives("消费累积分", "Points on what you buy"),)),
        Level("silver", "银卡会员", "Silver", 1_000, 800, 12_000, (_gives("1.2 倍积分", "1.2 times the points"),)),
        Level("gold", "金卡会员", "Gold", 5_000, 4_000, 15_000, (_gives("1.5 倍积分", "1.5 times the points"),)),
        Level("black", "黑卡会员", "Black", 20_000, 16_000, 20_000, (_gives("双倍积分", "Twice the points"),)),
    )
)
"""The rules of a chain that has published none."""

_IN_FORCE = text("""
    SELECT v.counted, v.downgrade, v.grace_days, v.provisional,
           (SELECT jsonb_agg(jsonb_build_object('code', l.code, 'name_zh', l.name_zh, 'name_en', l.name_en,
                'entry_growth', l.entry_growth, 'keep_growth', l.keep_growth, 'multiplier_bp', l.multiplier_bp,
                'benefits', l.benefits, 'gift_points', l.gift_points, 'gift_coupons', l.gift_coupons) ORDER BY l.rank)
            FROM tier_level l WHERE l.version_id = v.id) AS levels
    FROM tier_version v WHERE v.from_at <= :now ORDER BY v.from_at DESC LIMIT 1""")


def at(session: Session, now: datetime) -> Rules:
    """The rules in force at a moment."""
    found = fetch(session, _IN_FORCE, {"now": now})
    if not found:
        return FIRST
    row = found[0]
    levels = tuple(Level(**level) for level in row.levels)
    return Rules(levels, row.counted, row.downgrade, row.grace_days, row.provisional)


_PUBLISH = text("""
    WITH version AS (INSERT INTO tier_version (from_at, counted, downgrade, grace_days, provisional, actor)
        VALUES (:from_at, :counted, :downgrade, :grace_days, :provisional, :actor) RETURNING id)
    INSERT INTO tier_level (
        version_id, code, rank, name_zh, name_en, entry_growth, keep_growth, multiplier_bp, benefits, gift_points,
        gift_coupons)
    SELECT version.id, level.* FROM version, jsonb_to_recordset(CAST(:levels AS jsonb)) AS level(
        code text, rank bigint, name_zh text, name_en text, entry_growth bigint, keep_growth bigint,
        multiplier_bp bigint, benefits jsonb, gift_points bigint, gift_coupons jsonb)""")
_OFFERS = text("SELECT count(*) AS known FROM coupon_template WHERE id = ANY(:ids)")
_HELD = text("SELECT DISTINCT tier FROM member WHERE merged_into_id IS NULL AND NOT tier = ANY(:codes)")


def publish(session: Session, rules: Rules, *, from_at: datetime, actor: str, now: datetime) -> None:
    """Put a new version in force from a moment on; the points terms get its multipliers from then on.

    :raises BadTierRules: nothing changes.  Thresholds must rise, the first be 0, keeping never ask more than
        entering, no tier that somebody has may vanish, and gifts are coupons of offers that exist.
    """
    if fault := _fault(rules):
        raise BadTierRules(fault=fault)
    codes = [level.code for level in rules.levels]
    if orphaned := [row.tier for row in fetch(session, _HELD, {"codes": codes})]:
        raise BadTierRules(fault="tier_in_use", codes=sorted(orphaned))
    gifts = {one for level in rules.levels for one in level.gift_coupons}
    if fetch(session, _OFFERS, {"ids": sorted(gifts)})[0].known != len(gifts):
        raise BadTierRules(fault="unknown_gift")
    levels: list[dict[str, Any]] = [{**asdict(level), "rank": rank} for rank, level in enumerate(rules.levels)]
    session.execute(
        _PUBLISH,
        {
            "from_at": from_at,
            "counted": rules.counted,
            "downgrade": rules.downgrade,
            "grace_days": rules.grace_days,
            "provisional": rules.provisional,
            "actor": actor,
            "levels": json.dumps(levels, ensure_ascii=False),
        },
    )
    multipliers = {level.code: level.multiplier_bp for level in rules.levels}
    terms.multiply(session, multipliers, from_at=from_at, actor=actor, now=now)
    journal.record(
        session,
        "tier_rules.published",
        "tier_rules:all",
        actor=actor,
        now=now,
        from_at=from_at.isoformat(),
        codes=codes,
    )


def _fault(rules: Rules) -> str:
    levels = rules.levels
    if not levels or levels[0].code != "standard" or levels[0].entry_growth != 0:
        return "first_level"
    if len(rules.ranks) != len(levels):
        return "codes_repeat"
    if any(low.entry_growth >= high.entry_growth for low, high in pairwise(levels)):
        return "entries_do_not_rise"
    if any(not 0 <= level.keep_growth <= level.entry_growth for level in levels):
        return "keep_above_entry"
    if any(level.multiplier_bp < 10_000 for level in levels):
        return "multiplier_below_one"
    return ""
