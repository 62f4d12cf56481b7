"""Why did this rule do nothing here?  One row each, with what is missing or what choosing it would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from trade.pricing import activities
from trade.pricing.case import Case, Wish
from trade.pricing.rules import Kind, Rule
from trade.pricing.weigh import Plan, parts

Again = Callable[[Wish], Plan | None]


def reasons(case: Case, plan: Plan, again: Again | None = None) -> Iterator[dict[str, Any]]:
    """One row for each rule that did nothing, and for each that has a further step to reach."""
    done = parts(plan)
    for rule in case.book.rules:
        head = {"rule_id": rule.id, "version": rule.version, "kind": rule.kind.value, "name": rule.name}
        if rule.id in case.refused:
            yield head | case.refused[rule.id]
        elif ("promotion", rule.id) in done:
            further = _further(plan, rule)
            if further:
                yield head | further
        elif rule.kind is not Kind.GIFT or not _gives(case, plan, rule):
            yield head | (_short(case, plan, rule) or _dearer(case, plan, ("promotion", rule.id), again))


def _base(case: Case, plan: Plan, rule: Rule) -> int:
    """What counts for an activity in this plan, whoever owns it."""
    lines, after = case.covered(rule), rule.measured == "after" or rule.phase == 6
    return sum(
        net_fen if after else segment.net_fen
        for segment, net_fen in zip(plan.segments, plan.nets, strict=True)
        if segment.line in lines and (segment.cls, rule.stack) not in case.closed
    )


def _gives(case: Case, plan: Plan, rule: Rule) -> bool:
    return _base(case, plan, rule) >= rule.steps[0][0]


def _further(plan: Plan, rule: Rule) -> dict[str, Any] | None:
    if rule.kind not in activities.OWNERS:
        return None
    base_fen = next(step.base_fen for step in plan.applied if step.rule.id == rule.id)
    step = activities.next_step(rule, base_fen)
    return {"code": "next", "short_fen": step[0] - base_fen, "at_fen": step[0], "gives": step[1]} if step else None


def _short(case: Case, plan: Plan, rule: Rule) -> dict[str, Any] | None:
    """What is missing: units for a deal, money for a threshold; or that its price is no better."""
    if rule.phase == 1:
        offered = any(offer.rule.id == rule.id for found in case.offers for offer in found)
        return None if offered else {"code": "not_cheaper"}
    if rule.phase == 2:
        missing = _missing_units(case, rule)
        return {"code": "short", "short_units": missing} if missing > 0 else None
    if rule.phase == 6 and not case.freight_fen:
        return {"code": "no_freight"}
    at_fen, gives = rule.steps[0]
    base_fen = _base(case, plan, rule)
    if base_fen < at_fen:
        return {"code": "short", "short_fen": at_fen - base_fen, "at_fen": at_fen, "gives": gives}
    if rule.kind is Kind.ADD_ON and not any(good.sku_id in rule.prices for good in case.goods):
        return {"code": "add_on", "by_fen": min(rule.prices.values()), "sku_ids": sorted(rule.prices)}
    return None


def _missing_units(case: Case, rule: Rule) -> int:
    have: dict[int, int] = {}
    for good in case.goods:
        if not good.weighed and rule.covers(good.sku_id, good.category_id):
            have[good.sku_id] = have.get(good.sku_id, 0) + good.qty
    if rule.kind is Kind.BUNDLE:
        return sum(max(qty - have.get(sku, 0), 0) for sku, qty in rule.parts)
    need = rule.buy + rule.get if rule.kind is Kind.BUY_GET else rule.steps[0][0]
    return need - (sum(have.values()) if rule.across else max(have.values(), default=0))


def _dearer(case: Case, plan: Plan, part: tuple[str, int], again: Again | None) -> dict[str, Any]:
    """What the basket would cost more with it; or that nothing of this plan goes together with it."""
    if again is None:
        return {"code": "dearer"}
    other = again(replace(case.wish, required=case.wish.required | {part}))
    if other is None:
        blocking = next((step.rule.id for step in plan.applied), 0)
        return {"code": "excluded_by", "rule_id_by": blocking} if blocking else {"code": "no_effect"}
    return {"code": "dearer", "by_fen": other.rank[0] - plan.rank[0]}
