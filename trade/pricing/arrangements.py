"""Phase 2 as the search walks it: which deals in which order, and which lines stay out of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from trade.pricing import multi
from trade.pricing.bounds import bound
from trade.pricing.case import Case
from trade.pricing.ladders import Ladder
from trade.pricing.segments import Segment

MOST = 256
"""Arrangements looked at; a basket with more is not said to be optimal."""


class Arrangement(NamedTuple):
    """Segments of the deals, and per line the ladders for what is left of it; nothing below `bound_fen` comes of it."""

    bound_fen: int
    segments: tuple[Segment, ...]
    ladders: tuple[tuple[Ladder, ...], ...]


def arrangements(case: Case) -> tuple[list[Arrangement], bool]:
    """All of them, the lowest bound first; and whether these are all."""
    found: dict[tuple[Segment, ...], Arrangement] = {}
    whole = True
    for tries, (segments, free) in enumerate(_ways(case)):
        if len(found) == MOST or tries == 8 * MOST:
            whole = False
            break
        if segments not in found:
            choices = tuple(tuple(case.ladders(line, units)) if units else () for line, units in enumerate(free))
            found[segments] = Arrangement(bound(case, segments, choices), segments, choices)
    return sorted(found.values(), key=lambda one: one.bound_fen), whole


_Way = tuple[tuple[Segment, ...], list[int]]


def _ways(case: Case) -> Iterator[_Way]:
    qtys = [good.qty for good in case.goods]
    yield (), qtys
    if not case.deals:
        return
    if next(_sequences(case, [], (), qtys, qtys), None) is None:
        return
    may_stay_out = [
        line for line, offers in enumerate(case.offers) if (offers or case.solo[line]) and _in_a_deal(case, line)
    ]
    for size in range(len(may_stay_out) + 1):
        for out in combinations(may_stay_out, size):
            free = [0 if line in out else qty for line, qty in enumerate(qtys)]
            yield from (way for way in _sequences(case, [], (), free, qtys))


def _in_a_deal(case: Case, line: int) -> bool:
    return any(line in lines for _, lines in case.deals)


def _sequences(
    case: Case, done: list[int], segments: tuple[Segment, ...], free: list[int], left: list[int]
) -> Iterator[_Way]:
    """Every ordered subset of the deals that begins with `done`; of two that share no line only one order.

    `free` are units that deals may still take, `left` those that no deal took.
    """
    groups = {case.deals[at][0].group for at in done}
    for at, (rule, lines) in enumerate(case.deals):
        if at in done or (rule.group and rule.group in groups):
            continue
        if done and at < done[-1] and not set(lines) & set(case.deals[done[-1]][1]):
            continue
        taken = multi.take(rule, lines, free, case.goods, case.units_fen, case.most(rule))
        if taken is None:
            continue
        rest, over = list(free), list(left)
        for line, units in zip(taken.lines, taken.units, strict=True):
            rest[line] -= units
            over[line] -= units
        more = segments + taken.segments(rule)
        yield more, over
        yield from _sequences(case, [*done, at], more, rest, over)
