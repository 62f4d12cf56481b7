"""Phase 3: what an activity takes off goods that cost so much (满减, 每满减, 满折, 加价购).

Worked table at 满200减30, 满300减50: 199.99 -> 0, 200.00 -> 30, 299.99 -> 30, 300.00 -> 50.
每满100减10, at most 30: 99.99 -> 0, 250.00 -> 20, 990.00 -> 30.  满200打9折: 200.05 -> 20.00 (payable 180.05, half up).
"""

from __future__ import annotations

from collections.abc import Sequence

from config.money import half_up
from trade.pricing.rules import Kind, Rule

OWNERS = (Kind.AMOUNT_OFF, Kind.AMOUNT_RATE)
"""One of these a segment."""


def off_fen(rule: Rule, base_fen: int) -> int:
    """What 满减 or 满折 takes off `base_fen`; never more than that."""
    if rule.kind is Kind.AMOUNT_RATE:
        off = base_fen - half_up(base_fen * rate_bp(rule, base_fen), 10_000)
    elif rule.every:
        threshold_fen, step_fen = rule.steps[0]
        off = base_fen // threshold_fen * step_fen
    else:
        off = _reached(rule.steps, base_fen, 0)
    if rule.cap_fen:
        off = min(off, rule.cap_fen)
    return min(off, base_fen)


def _reached(steps: Sequence[tuple[int, int]], base_fen: int, otherwise: int) -> int:
    found = otherwise
    for threshold_fen, value in steps:
        if base_fen >= threshold_fen:
            found = value
    return found


def next_step(rule: Rule, base_fen: int) -> tuple[int, int] | None:
    """The threshold not reached yet, and what it would take off or the rate it would give; None at the last."""
    if rule.every:
        threshold_fen, step_fen = rule.steps[0]
        sets = base_fen // threshold_fen + 1
        if rule.cap_fen and (sets - 1) * step_fen >= rule.cap_fen:
            return None
        return sets * threshold_fen, sets * step_fen if not rule.cap_fen else min(sets * step_fen, rule.cap_fen)
    return next((step for step in rule.steps if base_fen < step[0]), None)


def thresholds(rule: Rule, most_fen: int) -> list[int]:
    """Every cost, at most `most_fen`, at which the rule takes off more than just below it; 每满 has at most 200."""
    if rule.every:
        threshold_fen = rule.steps[0][0]
        return [sets * threshold_fen for sets in range(1, min(most_fen // threshold_fen, 200) + 1)]
    return [at_fen for at_fen, _ in rule.steps if at_fen <= most_fen]


def rate_bp(rule: Rule, base_fen: int) -> int:
    """The rate that 满折 gives at this cost."""
    return _reached(rule.steps, base_fen, 10_000)


def add_on_shares(
    rule: Rule, sku_ids: Sequence[int], units: Sequence[int], nets_fen: Sequence[int], may: Sequence[bool], sets: int
) -> list[int]:
    """What 加价购 takes off each segment: up to `sets` units of the skus it names fall to its price."""
    rest, shares = sets, []
    for sku_id, have, net_fen, open_to in zip(sku_ids, units, nets_fen, may, strict=True):
        share = 0
        if rest and open_to and sku_id in rule.prices:
            take = min(rest, have)
            share = max(net_fen * take // have - rule.prices[sku_id] * take, 0)
            rest -= take if share else 0
        shares.append(share)
    return shares
