"""What happened to the basket, step by step: list + sum of deltas = payable, per line and in total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trade.pricing.case import Case
from trade.pricing.rules import Rule
from trade.pricing.weigh import Plan

PHASE_COUPON, PHASE_FREIGHT = 4, 6


@dataclass(frozen=True, slots=True)
class Step:
    """One deduction: what it was measured on, what it took off, and each line's share.  A charge is negative.

    `units` are those it changed the price of, 0 where it is measured on money.
    """

    phase: int
    source: str
    source_id: int
    version: int
    name: str
    base_fen: int
    off_fen: int
    shares: tuple[int, ...]
    units: int = 0

    def as_json(self, seq: int) -> dict[str, Any]:
        """As it is stored with the order and shown."""
        return {
            "seq": seq,
            "phase": self.phase,
            "source": self.source,
            "source_id": self.source_id,
            "version": self.version,
            "name": self.name,
            "units": self.units,
            "base_fen": self.base_fen,
            "delta_fen": -self.off_fen,
            "shares": list(self.shares),
        }


def steps(case: Case, plan: Plan) -> tuple[Step, ...]:
    """The plan in the order of its phases; within one, as it was applied."""
    rules = {rule.id: rule for rule in case.book.rules}
    found = _unit_steps(case, plan, rules)
    lines = [segment.line for segment in plan.segments]
    for applied in plan.applied:
        shares = _per_line(case, lines, applied.shares)
        rule = applied.rule
        found.append(Step(3, "promotion", rule.id, rule.version, rule.name, applied.base_fen, sum(shares), shares))
    for used in plan.used:
        held = used.voucher.held
        shares = _per_line(case, lines, used.worth.shares)
        found.append(Step(PHASE_COUPON, "coupon", held.id, 0, held.name, used.base_fen, used.worth.off_fen, shares))
    return (*found, *_freight_steps(case, plan))


def _unit_steps(case: Case, plan: Plan, rules: dict[int, Rule]) -> list[Step]:
    """Phases 1 and 2: what each rule took off the units that it gave a price."""
    order = list(dict.fromkeys(segment.rule_id for segment in plan.segments if segment.rule_id))
    found = []
    for rule_id in sorted(order, key=lambda one: (rules[one].phase, rules[one].priority, one)):
        base, offs, units = 0, [0] * len(case.goods), 0
        for segment in plan.segments:
            if segment.rule_id == rule_id:
                value_fen = case.goods[segment.line].cost_fen(case.units_fen[segment.line], segment.units)
                base, units = base + value_fen, units + segment.units
                offs[segment.line] += value_fen - segment.net_fen
        rule = rules[rule_id]
        found.append(
            Step(rule.phase, "promotion", rule.id, rule.version, rule.name, base, sum(offs), tuple(offs), units)
        )
    return found


def _per_line(case: Case, lines: list[int], shares: tuple[int, ...]) -> tuple[int, ...]:
    sums = [0] * len(case.goods)
    for line, share in zip(lines, shares, strict=True):
        sums[line] += share
    return tuple(sums)


def _freight_steps(case: Case, plan: Plan) -> list[Step]:
    """What delivery costs, as a negative deduction, and what lowered it; no line bears any of it."""
    if not case.freight_fen:
        return []
    none = (0,) * len(case.goods)
    found = [Step(PHASE_FREIGHT, "freight", 0, 0, "", 0, -case.freight_fen, none)]
    freight = plan.freight
    if freight.rule:
        rule = freight.rule
        found.append(
            Step(PHASE_FREIGHT, "promotion", rule.id, rule.version, rule.name, case.freight_fen, freight.off_fen, none)
        )
    if freight.voucher:
        held = freight.voucher.held
        found.append(Step(PHASE_FREIGHT, "coupon", held.id, 0, held.name, case.freight_fen, freight.off_fen, none))
    return found
