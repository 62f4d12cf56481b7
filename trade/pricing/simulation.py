"""What would another promotion do?  Pure: a book with one rule put into it, and two quotes side by side.

A promotion that is being written stands in the book as if it were published; one that is published already gives up its
place to the version that is tried.  Nothing is kept, and no quota is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trade.pricing.promotions.book import InForce, Limits
from trade.pricing.promotions.drafts import Draft, Funding
from trade.pricing.promotions.states import Scope
from trade.pricing.quoted import Line, Quote
from trade.pricing.rules import Rule

NEW = 10**12
"""The id of a promotion that is not kept yet."""
ALWAYS_MS = 253_402_300_800_000


@dataclass(frozen=True, slots=True)
class Trial:
    """A promotion as it is tried: its rule (version 0: not published), what limits it, who bears it."""

    rule: Rule
    limits: Limits | None
    funding: Funding


def trial(form: Draft, promotion_id: int | None = None) -> Trial:
    """A written promotion as it is tried, in the place of a published one when it has an id."""
    rule = form.as_rule(promotion_id or NEW, 0)
    units = {scope: getattr(form.quotas, f"{scope}_units") for scope in Scope}
    counted = {scope for scope in Scope if units[scope] is not None}
    if form.quotas.budget_fen is not None:
        counted.add(Scope.TOTAL)
    limits = Limits(rule.name, units, form.quotas.budget_fen, rule.most_per_order, frozenset(counted))
    return Trial(rule, limits if counted else None, form.funding)


def with_rule(known: InForce, tried: Trial) -> InForce:
    """A store's promotions with the tried one among them."""
    rule = tried.rule
    rules = (*(one for one in known.rules.rules if one.id != rule.id), rule)
    limits = {rule_id: one for rule_id, one in known.limits.items() if rule_id != rule.id}
    if tried.limits:
        limits[rule.id] = tried.limits
    return _with(known, rules, limits=limits)


def at_any_date(known: InForce, rule_id: int) -> InForce:
    """The same, with the dates of one rule left out: what it would have done in a week that is over.

    Its weekdays, days of the month and hours still count.
    """
    rules = [replace(one, from_ms=0, until_ms=ALWAYS_MS) if one.id == rule_id else one for one in known.rules.rules]
    return _with(known, tuple(rules))


def _with(known: InForce, rules: Sequence[Rule], **more: Any) -> InForce:
    segments = tuple(sorted({segment for rule in rules for segment in rule.segment_ids}))
    return replace(known, rules=replace(known.rules, rules=tuple(rules)), segment_ids=segments, **more)


def compare(old: Quote, new: Quote) -> dict[str, Any]:
    """Both quotes side by side, new less old in fen: in total, by line, and by promotion or coupon.

    A gift that only one of them has costs nothing in either: its line has no `old` or no `new`.
    """
    names = ("list_fen", "promotion_fen", "coupon_fen", "points_fen", "freight_fen", "payable_fen", "earns_points")
    return {
        **{name: getattr(new, name) - getattr(old, name) for name in names},
        "lines": [_line(*pair) for pair in _pairs(old.lines, new.lines)],
        "rules": _rules(old, new),
    }


def _pairs(old: Iterable[Line], new: Iterable[Line]) -> list[tuple[Line | None, Line | None]]:
    """Lines of the basket by number, gifts by what gives them."""

    def keyed(lines: Iterable[Line]) -> dict[tuple[int, int, int], Line]:
        return {(line.shares[0].source_id, line.item.sku_id, 0) if line.gift else (0, 0, line.line_no): line
                for line in lines}  # fmt: skip

    before, after = keyed(old), keyed(new)
    return [(before.get(key), after.get(key)) for key in {**before, **after}]


def _line(old: Line | None, new: Line | None) -> dict[str, Any]:
    one = new or old
    assert one is not None
    return {
        "sku_id": one.item.sku_id,
        "name": one.item.name,
        "qty": one.qty,
        "gift": one.gift,
        "old_fen": old.net_fen if old else None,
        "new_fen": new.net_fen if new else None,
        "delta_fen": (new.net_fen if new else 0) - (old.net_fen if old else 0),
    }


def off_by_rule(quote: Quote) -> dict[tuple[str, int], int]:
    """What each promotion and coupon takes off goods and freight, in fen, by source and id; gifts by their worth."""
    found: dict[tuple[str, int], int] = {}
    for row in quote.trace:
        if row["source"] in ("promotion", "coupon"):
            key = row["source"], row["source_id"]
            found[key] = found.get(key, 0) - row["delta_fen"]
    return found


def _rules(old: Quote, new: Quote) -> list[dict[str, Any]]:
    names = {
        (row["source"], row["source_id"]): row["name"] for quote in (old, new) for row in quote.trace if "name" in row
    }
    before, after = off_by_rule(old), off_by_rule(new)
    return [
        {
            "source": key[0],
            "id": key[1],
            "name": names[key],
            "old_fen": before.get(key, 0),
            "new_fen": after.get(key, 0),
        }
        for key in {**before, **after}
    ]
