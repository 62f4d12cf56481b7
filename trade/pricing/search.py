"""The best price: branch and bound over arrangements and ladders, a beam when there are too many (`DECISIONS.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, product
from typing import NamedTuple

from trade.pricing.aims import Aim, Ground, aims
from trade.pricing.arrangements import Arrangement, arrangements
from trade.pricing.case import Case, Wish
from trade.pricing.ladders import NOTHING, Ladder
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
        _walk(case, way, best)
        if best.full:
            _beam(case, way, best)
            optimal = False
            break
    return Found(best.plan, best.priced, optimal)


def _walk(case: Case, way: Arrangement, best: Best) -> None:
    """All lines at their lowest, then every aim that is worth a raise."""
    for segments, choices in _pinned(case, way):
        ground = Ground(case, segments, choices)
        lowest = [one for found in choices if found for one in found[0].segments]
        if best.full:
            return
        Weigher(case, [*segments, *lowest], best).weigh()
        if all(len(found) < 2 for found in choices):
            continue
        for bound_fen, aim in aims(ground, best):
            if not best.beaten_by(bound_fen):
                break
            _raise(ground, aim, 0, [], [0] * len(aim.needs), best)


def _pinned(case: Case, way: Arrangement) -> Iterator[tuple[list[Segment], list[tuple[Ladder, ...]]]]:
    """Every choice for the lines where a higher price may be worth more than its threshold.

    Those with a price that keeps later deductions off, and those that a goods coupon could make free.
    """
    closed = {cls for cls, _ in case.closed}
    named = {line for found in case.vouchers for voucher in found for line in voucher.pins}
    lines = [
        line
        for line, found in enumerate(way.ladders)
        if len(found) > 1 and (line in named or any(one.cls in closed for ladder in found for one in ladder.segments))
    ]
    choices = [() if line in lines else found for line, found in enumerate(way.ladders)]
    for chosen in product(*(way.ladders[line] for line in lines)):
        yield [*way.segments, *(one for ladder in chosen for one in ladder.segments)], choices


def _raise(ground: Ground, aim: Aim, at: int, chosen: list[Segment], raised: list[int], best: Best) -> None:
    """Choose ladders from line `at` on so that the aim's needs are met; `raised` is what each need has got."""
    choices, needs = ground.choices, aim.needs
    given = sum(one.net_fen for one in chosen) - sum(found[0].net_fen for found in choices[:at] if found)
    left = [need.missing_fen - got for need, got in zip(needs, raised, strict=True)]
    if best.full or not _reaches(ground, aim, at, given, left, best):
        return
    if all(fen <= 0 for fen in left):
        rest = [one for found in choices[at:] if found for one in found[0].segments]
        Weigher(ground.case, [*ground.segments, *chosen, *rest], best).weigh()
        if all(got >= need.sure_fen for need, got in zip(needs, raised, strict=True)):
            return
    if at == len(choices):
        return
    helps = any(at in need.lines for need in needs)
    for ladder in (choices[at] if helps else choices[at][:1]) or (NOTHING,):
        more = ladder.net_fen - choices[at][0].net_fen if choices[at] else 0
        got = [fen + (more if at in need.lines else 0) for fen, need in zip(raised, needs, strict=True)]
        _raise(ground, aim, at + 1, [*chosen, *ladder.segments], got, best)


def _reaches(ground: Ground, aim: Aim, at: int, given: int, left: Sequence[int], best: Best) -> bool:
    """Whether the lines from `at` on can still meet every need, and the result could beat the best."""
    more = [ground.least_raise(need.lines, at, fen) for need, fen in zip(aim.needs, left, strict=True)]
    known = [fen for fen in more if fen is not None]
    return len(known) == len(more) and best.beaten_by(aim.bound_fen(given + max(known)))


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
