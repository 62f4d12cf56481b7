"""May this rule work here, now and for this customer?  If not, the code that says why, with what to say about it."""

from __future__ import annotations

from typing import Any

from trade.pricing.rules import UNLIMITED, Here, Left, Rule


def why_not(rule: Rule, here: Here, left: Left = UNLIMITED) -> dict[str, Any] | None:
    """None when the rule may be used; else a code of `DECISIONS.md` and its facts.  Windows are half-open."""
    if here.now_ms < rule.from_ms:
        return {"code": "starts", "at_ms": rule.from_ms}
    if here.now_ms >= rule.until_ms:
        return {"code": "over"}
    if rule.store_ids and here.store_id not in rule.store_ids:
        return {"code": "not_in_this_store"}
    if rule.channels and here.channel not in rule.channels:
        return {"code": "not_in_this_channel"}
    if (rule.weekdays and here.weekday not in rule.weekdays) or (
        rule.month_days and here.month_day not in rule.month_days
    ):
        return {"code": "not_today"}
    if rule.hours and not any(begin <= here.minute < end for begin, end in rule.hours):
        return {"code": "not_now", "hours": [list(span) for span in rule.hours]}
    return _not_for(rule, here) or _nothing_left(left)


def _not_for(rule: Rule, here: Here) -> dict[str, Any] | None:
    if (rule.members_only or rule.tiers or rule.segment_ids) and here.tier is None:
        return {"code": "members_only"}
    if rule.tiers and here.tier not in rule.tiers:
        return {"code": "not_your_tier", "tiers": list(rule.tiers)}
    if rule.segment_ids and not set(rule.segment_ids) & set(here.segment_ids):
        return {"code": "not_your_segment"}
    return None


def _nothing_left(left: Left) -> dict[str, Any] | None:
    if left.units is not None and left.units <= 0:
        return {"code": left.why}
    if left.fen is not None and left.fen <= 0:
        return {"code": "budget_used"}
    return None
