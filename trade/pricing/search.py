"""The best price: branch and bound over arrangements and ladders, a beam when there are too many (`DECISIONS.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from trade.pricing.arrangements import Arrangement, arrangements
from trade.pricing.bounds import bound, in_play
from trade.pricing.case import Case, Wish
from trade.pricing.ladders import Ladder
from trade.pricing.segments import Segment
from trade.pricing.weigh import Best, Plan, Weigher

EVALUATIONS = 400
"""So many priced baskets, then the beam."""
BEAM = 16


class Found(NamedTuple):
    """The plan, how many baskets were priced for it, and whether no other can be better."""

    plan: Plan | None
    priced: int
    optimal: bool


def search(case: Case) -> Found:
    """The plan with the lowest payable; None only when the wish requires what cannot be had."""
    ways, whole = arrangements(case)
    best = Best(EVALUATIONS)
    optimal = whole
    if case.book.mode == "fixed":
        _line_prices_first(case, ways, best)
        return Found(best.plan, best.priced, whole)
    for way in ways:
        if not best.beaten_by(way.bound_fen):
            break
        _walk(case, way, 0, [], best)
        if best.full:
            _beam(case, way, best)
            optimal = False
            break
    return Found(best.plan, best.priced, optimal)


def _walk(case: Case, way: Arrangement, line: int, chosen: list[Segment], best: Best) -> None:
    """Choose ladders line by line; each branch ends when its bound cannot beat the best.

    As soon as nothing that is left could lift the basket over a threshold, all that is left takes its lowest price.
    """
    segments, rest = [*way.segments, *chosen], [()] * line + list(way.ladders[line:])
    playing = in_play(case, segments, rest)
    for at in range(line, len(way.ladders)):
        found = way.ladders[at]
        if len(found) > 1 and at in playing:
            for ladder in found:
                more = [*chosen, *ladder.segments]
                if best.full:
                    return
                left: list[tuple[Ladder, ...]] = [()] * (at + 1) + list(way.ladders[at + 1 :])
                if best.beaten_by(bound(case, [*way.segments, *more], left)):
                    _walk(case, way, at + 1, more, best)
            return
        chosen = [*chosen, *(found[0].segments if found else ())]
    Weigher(case, [*way.segments, *chosen], best).weigh()


def _line_prices_first(case: Case, ways: Sequence[Arrangement], best: Best) -> None:
    """Every unit at its lowest price after phase 2, then activities by priority, then coupons."""

    def cheapest(way: Arrangement) -> int:
        return sum(one.net_fen for one in way.segments) + sum(found[0].net_fen for found in way.ladders if found)

    way = min(ways, key=cheapest)
    lowest = chain.from_iterable(found[0].segments for found in way.ladders if found)
    Weigher(case, [*way.segments, *lowest], best).in_order()


def _beam(case: Case, way: Arrangement, best: Best) -> None:
    """Line by line, keep the sixteen best choices with all other lines at their lowest."""
    states: list[tuple[int, ...]] = [tuple(0 for _ in way.ladders)]
    for line, found in enumerate(way.ladders):
        if len(found) < 2:
            continue
        ranked = []
        for state in states:
            for choice in range(len(found)):
                tried = (*state[:line], choice, *state[line + 1 :])
                plan = _priced(case, way, tried)
                if plan:
                    best.offer(plan)
                    ranked.append((plan.rank, tried))
        ranked.sort(key=lambda pair: pair[0])
        states = [tried for _, tried in ranked[:BEAM]] or states


def _priced(case: Case, way: Arrangement, state: Sequence[int]) -> Plan | None:
    chosen = chain.from_iterable(
        found[choice].segments for found, choice in zip(way.ladders, state, strict=True) if found
    )
    one = Best(BEAM)
    Weigher(case, [*way.segments, *chosen], one).weigh()
    return one.plan


__all__ = ["Found", "Wish", "search"]
