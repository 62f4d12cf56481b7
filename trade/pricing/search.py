"""The best price: branch and bound over arrangements and ladders, a beam when there are too many (`DECISIONS.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, product
from typing import NamedTuple

from trade.pricing.aims import Aim, Ground, aims
from trade.pricing.arrangements import Arrangement, arrangements
from trade.pricing.bounds import bound, span
from trade.pricing.case import Case
from trade.pricing.ladders import NOTHING, Ladder
from trade.pricing.rules import Kind
from trade.pricing.segments import Segment
from trade.pricing.weigh import Best, Plan, Weigher

STEPS = 500
"""So many steps, each of some 50 microseconds, then the beam."""
BEAM = 16
PINS = 64
"""So many ways to price the lines where a higher price may pay; a basket with more is not said to be optimal."""


class Found(NamedTuple):
    """The plan, how many baskets were priced for it, and whether no other can be better."""

    plan: Plan | None
    priced: int
    optimal: bool


def search(case: Case) -> Found:
    """The plan with the lowest payable; None only when the wish requires what cannot be had."""
    ways, optimal = arrangements(case)
    best = Best(STEPS)
    if case.book.mode == "fixed":
        _line_prices_first(case, ways, best)
        return Found(best.plan, best.priced, optimal)
    for way in ways:
        if not best.beaten_by(max(way.bound_fen, 0)):
            break
        optimal = _walk(case, way, best) and optimal
        if best.full:
            _beam(case, way, best)
            optimal = False
            break
    return Found(best.plan, best.priced, optimal)


def _walk(case: Case, way: Arrangement, best: Best) -> bool:
    """All lines at their lowest, then every aim that is worth a raise; whether these were all choices."""
    for number, (segments, choices) in enumerate(_pinned(case, way)):
        if number == PINS:
            return False
        if not best.beaten_by(bound(case, segments, choices)):
            continue
        ground = Ground(case, segments, choices)
        lowest = [one for found in choices if found for one in found[0].segments]
        if best.full:
            return False
        Weigher(case, [*segments, *lowest], best).weigh()
        if all(len(found) < 2 for found in choices):
            continue
        for bound_fen, aim in aims(ground, best):
            if not best.beaten_by(bound_fen):
                break
            _raise(ground, aim, 0, [], [0] * len(aim.needs), best)
    return True


def _pinned(case: Case, way: Arrangement) -> Iterator[tuple[list[Segment], list[tuple[Ladder, ...]]]]:
    """Every choice for the lines where a higher price may be worth more than its threshold.

    Those with a price that keeps later deductions off, those that a goods coupon or 加价购 gives another price, and
    those that a coupon may pay in full.
    """
    closed = {cls for cls, _ in case.closed}
    lowest, off_fen = span(way.segments, way.ladders)[0], case.activities_most
    named = set()
    for voucher in (one for found in case.vouchers for one in found):
        lines = [line for line, fit in enumerate(voucher.covers) if fit]
        if voucher.most_fen >= sum(lowest[line] for line in lines) - off_fen or voucher.frees:
            named.update(lines)
    lowered = {sku_id for rule in case.activities if rule.kind is Kind.ADD_ON for sku_id in rule.prices}
    named |= {line for line, good in enumerate(case.goods) if good.sku_id in lowered}
    pins = [
        line
        for line, found in enumerate(way.ladders)
        if len(found) > 1 and (line in named or any(one.cls in closed for ladder in found for one in ladder.segments))
    ]
    choices = [() if line in pins else found for line, found in enumerate(way.ladders)]
    for chosen in product(*(way.ladders[line] for line in pins)):
        yield [*way.segments, *(one for ladder in chosen for one in ladder.segments)], choices


def _raise(ground: Ground, aim: Aim, at: int, chosen: list[Segment], raised: list[int], best: Best) -> None:
    """Choose ladders from line `at` on so that the aim's needs are met; `raised` is what each need has got."""
    best.steps += 1
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
    """Line by line, keep the sixteen best choices with all other lines at their lowest, and the best activities."""
    states: list[tuple[int, ...]] = [(0,) * len(way.ladders)]
    for line, found in enumerate(way.ladders):
        tried = [(*state[:line], choice, *state[line + 1 :]) for state in states for choice in range(len(found))]
        plans = [(plan.rank, state, plan) for state in tried if (plan := _priced(case, way, state, best))]
        plans.sort(key=lambda one: one[0])
        for _, _, plan in plans:
            best.offer(plan)
        states = [state for _, state, _ in plans[:BEAM]] or states


def _priced(case: Case, way: Arrangement, state: Sequence[int], best: Best) -> Plan | None:
    rows = zip(way.ladders, state, strict=True)
    chosen = [one for found, choice in rows if found for one in found[choice].segments]
    one = Best(STEPS)
    Weigher(case, [*way.segments, *chosen], one).like(best.plan) if best.plan else None
    return one.plan


__all__ = ["Found", "search"]
