"""Phase 2: deals that consume several units (N件折, 第二件半价, 买X送Y, 组合套餐).

Units are sorted by price descending, then line; runs of equal units are counted, never walked one by one.  In groups of
`n` the cheapest comes last.  Worked table, 买2送1 over 30 30 20 10 10 10 5: groups (30 30 20) and (10 10 10), off 30.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from config.money import half_up, split
from trade.pricing.rules import Kind, Rule
from trade.pricing.segments import Good, Segment


class Taken(NamedTuple):
    """What one deal took: units and list value per line, and what it takes off each."""

    lines: tuple[int, ...]
    units: tuple[int, ...]
    value_fen: tuple[int, ...]
    shares_fen: tuple[int, ...]

    @property
    def off_fen(self) -> int:
        """In all."""
        return sum(self.shares_fen)

    def segments(self, rule: Rule) -> tuple[Segment, ...]:
        """Its units at their new price."""
        rows = zip(self.lines, self.units, self.value_fen, self.shares_fen, strict=True)
        return tuple(Segment(line, units, value - share, rule.stack, rule.id) for line, units, value, share in rows)


def eligible(rule: Rule, goods: Sequence[Good]) -> list[int]:
    """The lines whose units the deal may consume; never weighed goods."""
    return [line for line, good in enumerate(goods) if not good.weighed and rule.covers(good.sku_id, good.category_id)]


def take(
    rule: Rule, lines: Sequence[int], free: Sequence[int], goods: Sequence[Good], units_fen: Sequence[int], most: int
) -> Taken | None:
    """The deal on the free units of its lines, at most `most` sets (0 is no limit); None when it takes nothing off."""
    if rule.kind is Kind.BUNDLE:
        parts = [_bundle(rule, lines, free, goods, units_fen, most)]
    else:
        groups: list[list[int]] = [list(lines)]
        if not rule.across:
            skus = sorted({goods[line].sku_id for line in lines})
            groups = [[line for line in lines if goods[line].sku_id == sku] for sku in skus]
        parts = []
        for group in groups:
            part, sets = _run(rule, group, free, units_fen, most)
            parts.append(part)
            if most:
                most -= sets
                if not most:
                    break
    found = [part for part in parts if part]
    if not found:
        return None
    return Taken(*(tuple(one for part in found for one in part[field]) for field in range(4)))


def sets(rule: Rule, units: int) -> int:
    """How many sets so many consumed units are; 打折 on all of them is one."""
    if rule.kind is Kind.BUNDLE:
        return units // sum(qty for _, qty in rule.parts)
    if rule.kind is Kind.NTH_RATE and rule.on == "all":
        return 1
    return units // _pattern(rule)[0]


def _bundle(
    rule: Rule, lines: Sequence[int], free: Sequence[int], goods: Sequence[Good], units_fen: Sequence[int], most: int
) -> Taken | None:
    have = {sku: sum(free[line] for line in lines if goods[line].sku_id == sku) for sku, _ in rule.parts}
    sets = min(have[sku] // qty for sku, qty in rule.parts)
    sets = min(sets, most) if most else sets
    if not sets:
        return None
    need = {sku: qty * sets for sku, qty in rule.parts}
    took = []
    for line in lines:
        units = min(need[goods[line].sku_id], free[line])
        need[goods[line].sku_id] -= units
        took.append((line, units))
    value_fen = sum(units_fen[line] * units for line, units in took)
    return _taken([pair for pair in took if pair[1]], units_fen, value_fen - rule.price_fen * sets)


def _run(
    rule: Rule, lines: Sequence[int], free: Sequence[int], units_fen: Sequence[int], most: int
) -> tuple[Taken | None, int]:
    """One price-sorted run of units; also how many sets it was."""
    run = sorted((line for line in lines if free[line]), key=lambda line: -units_fen[line])
    count = sum(free[line] for line in run)
    if rule.kind is Kind.NTH_RATE and rule.on == "all":
        rate_bp = next((rate for n, rate in reversed(rule.steps) if count >= n), 10_000)
        value_fen = sum(units_fen[line] * free[line] for line in run)
        off_fen = value_fen - half_up(value_fen * rate_bp, 10_000)
        return _taken([(line, free[line]) for line in run], units_fen, off_fen), 1 if off_fen else 0
    size, lowered, off_of = _pattern(rule)
    sets = min(count // size, most) if most else count // size
    end, at, off_fen, took = sets * size, 0, 0, []
    for line in run:
        begin, at = at, at + free[line]
        a, b = min(begin, end), min(at, end)
        if b > a:
            took.append((line, b - a))
            off_fen += (lowered(b) - lowered(a)) * off_of(units_fen[line])
    return _taken(took, units_fen, off_fen), sets


def _pattern(rule: Rule) -> tuple[int, Callable[[int], int], Callable[[int], int]]:
    """Size of a group, how many of the first `x` sorted units are lowered, and by how much each."""
    if rule.kind is Kind.BUY_GET:
        size = rule.buy + rule.get
        return size, lambda x: x // size * rule.get + max(x % size - rule.buy, 0), lambda fen: fen
    size, rate_bp = rule.steps[0]
    return size, lambda x: x // size, lambda fen: fen - half_up(fen * rate_bp, 10_000)


def _taken(took: Sequence[tuple[int, int]], units_fen: Sequence[int], off_fen: int) -> Taken | None:
    if off_fen <= 0:
        return None
    values = [units_fen[line] * units for line, units in took]
    lines, units = zip(*took, strict=True)
    return Taken(lines, units, tuple(values), tuple(split(off_fen, values)))
