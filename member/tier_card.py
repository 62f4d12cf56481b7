"""A member's tier as the faces show it: how far, until when, what leaves, and what a return would cost.  Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import months_later
from config.db import fetch
from config.errors import NotFound
from member import growth, tier_rules, tiers
from member.growth import Sums
from member.tier_rules import Level, Rules
from member.tiers import Standing

_HISTORY = text(
    "SELECT at, from_tier, to_tier, cause FROM tier_change WHERE member_id = :member ORDER BY id DESC LIMIT 20"
)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _named(level: Level) -> dict[str, str]:
    return {"code": level.code, "name_zh": level.name_zh, "name_en": level.name_en}


def _level_json(level: Level) -> dict[str, Any]:
    return {**asdict(level), "benefits": list(level.benefits), "gift_coupons": list(level.gift_coupons)}


def rules_json(rules: Rules) -> dict[str, Any]:
    """A version of the rules, levels from the lowest."""
    return {
        "counted": rules.counted,
        "downgrade": rules.downgrade,
        "grace_days": rules.grace_days,
        "provisional": rules.provisional,
        "levels": [_level_json(level) for level in rules.levels],
    }


def _next(rules: Rules, standing: Standing, sums: Sums) -> dict[str, Any] | None:
    """The first level above the tier that growth has not reached, and how much is missing."""
    for level in rules.levels[rules.rank(standing.tier) + 1 :]:
        return {**_named(level), "entry_growth": level.entry_growth, "missing": max(level.entry_growth - sums.ready, 0)}
    return None


def _keep(rules: Rules, standing: Standing, then: Sums) -> dict[str, Any] | None:
    """What the next evaluation asks, and where it would lead if nothing more were bought."""
    rank = rules.rank(standing.confirmed)
    if not rank or standing.evaluate_at is None:
        return None
    level = rules.levels[rank]
    falls = then.total < level.keep_growth
    return {
        "growth": level.keep_growth,
        "counted_then": then.total,
        "missing": max(level.keep_growth - then.total, 0),
        "evaluate_at": _iso(standing.evaluate_at),
        "grace_until": _iso(standing.grace_until),
        "falls_to": _named(rules.levels[rules.after_failing(rank, then.total)]) if falls else None,
    }


def _why(rules: Rules, standing: Standing, now: datetime) -> str:
    rank = rules.rank(standing.tier)
    if rank <= rules.rank(standing.confirmed):
        return "confirmed"
    granted = standing.floor_until and standing.floor_until > now and rules.rank(standing.floor) >= rank
    return "granted" if granted else "provisional"


def page(session: Session, member_id: int, *, now: datetime) -> dict[str, Any]:
    """The tier page; NotFound when there is no such member.

    `growth.pending` is on its way, `leaving` leaves the window within a month, `keep` is what the next evaluation
    asks (None on the lowest tier), `levels` are all tiers from the lowest.
    """
    rules = tier_rules.at(session, now)
    standing = tiers.standings(session, [member_id]).get(member_id)
    if standing is None:
        raise NotFound(member_id=member_id)
    sums = growth.sums(session, [member_id], counted=rules.counted, at=now).get(member_id, Sums())
    soon = growth.leaving(session, member_id, counted=rules.counted, at=now, until=months_later(now, 1))
    return {
        "tier": _level_json(rules.level(standing.tier)),
        "why": _why(rules, standing, now),
        "granted_until": _iso(standing.floor_until),
        "growth": {"confirmed": sums.ready, "pending": sums.waiting, "counted": rules.counted},
        "next": _next(rules, standing, sums),
        "keep": _keep(rules, standing, _at_evaluation(session, rules, member_id, standing, now)),
        "leaving": [{"at": _iso(row.counts_until), "growth": row.growth} for row in soon],
        "history": [
            {"at": _iso(row.at), "from": row.from_tier, "to": row.to_tier, "cause": row.cause}
            for row in fetch(session, _HISTORY, {"member": member_id})
        ],
        "levels": [_level_json(level) for level in rules.levels],
    }


def progress(session: Session, members: Collection[int], *, now: datetime) -> dict[int, dict[str, Any]]:
    """Tier name, growth and the way to the next tier of a few members, for the till; two statements and the rules."""
    rules = tier_rules.at(session, now)
    counted = growth.sums(session, members, counted=rules.counted, at=now) if members else {}
    return {
        member_id: {
            **_named(rules.level(standing.tier)),
            "growth": counted.get(member_id, Sums()).ready,
            "next": _next(rules, standing, counted.get(member_id, Sums())),
        }
        for member_id, standing in tiers.standings(session, members).items()
    }


def _at_evaluation(session: Session, rules: Rules, member_id: int, standing: Standing, now: datetime) -> Sums:
    """What will count at the next evaluation of what is known now; growth on its way will have been confirmed."""
    if standing.evaluate_at is None:
        return Sums()
    at = standing.evaluate_at
    found = growth.sums(session, [member_id], counted=rules.counted, at=at, until=max(now, at))
    return found.get(member_id, Sums())


@dataclass(frozen=True, slots=True)
class Fall:
    """Where a return leads: to which tier, when, and how much growth would be missing."""

    to: Level
    at: datetime
    at_once: bool
    missing: int

    def as_json(self) -> dict[str, Any]:
        """As the return screen shows it."""
        return {**_named(self.to), "at": _iso(self.at), "at_once": self.at_once, "missing": self.missing}


def fall(
    rules: Rules, standing: Standing, now: datetime, *, counts: int, lost: int, counts_then: int, lost_then: int
) -> Fall | None:
    """Whether losing growth lowers a tier that would otherwise stay.  Pure.

    :param counts: growth that counts now, confirmed and on its way, of which `lost` would go.
    :param counts_then: what would count at the next evaluation, of which `lost_then` would go.
    :return: None when the tier stays, or falls anyway.
    """
    after = Sums(0, counts - lost)
    tier = tiers.effective(rules, standing, after, now)
    if rules.rank(tier) < rules.rank(standing.tier):
        missing = rules.level(standing.tier).entry_growth - after.total
        return Fall(rules.level(tier), now, at_once=True, missing=missing)
    rank = rules.rank(standing.confirmed)
    left = counts_then - lost_then
    if not rank or standing.evaluate_at is None:
        return None
    keep = rules.levels[rank].keep_growth
    if not left < keep <= counts_then:
        return None
    grace = tiers.evaluated(rules, replace(standing, grace_until=None), left)
    at = standing.grace_until or grace.grace_until or standing.evaluate_at
    landed = rules.levels[rules.after_failing(rank, left)]
    tier = tiers.effective(rules, replace(standing, confirmed=landed.code), Sums(), at)
    return Fall(rules.level(tier), at, at_once=False, missing=keep - left) if tier != standing.tier else None


def after_return(session: Session, member_id: int, source: str, less: int, *, now: datetime) -> Fall | None:
    """What losing `less` growth of one source would do to a member's tier; changes nothing.

    None when the tier stays, would fall anyway, or the source is not counted yet.
    """
    rules = tier_rules.at(session, now)
    window = growth.window_of(session, member_id, source, counted=rules.counted) if less else None
    standing = tiers.standings(session, [member_id]).get(member_id)
    if window is None or standing is None:
        return None
    sums = growth.sums(session, [member_id], counted=rules.counted, at=now).get(member_id, Sums())
    then = _at_evaluation(session, rules, member_id, standing, now)
    return fall(
        rules,
        standing,
        now,
        counts=sums.total,
        lost=less if window.counts_until > now else 0,
        counts_then=then.total,
        lost_then=less if standing.evaluate_at and window.counts_until > standing.evaluate_at else 0,
    )
