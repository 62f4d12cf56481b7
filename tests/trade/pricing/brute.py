"""Every choice the algorithm page allows, priced one by one without any bound: slow, and plain enough to believe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, permutations, product

from config.money import split
from member.coupons.states import Kind as CouponKind
from member.coupons.worth import Held, value
from trade.pricing import activities, multi
from trade.pricing.case import Case
from trade.pricing.rules import Kind, Rule
from trade.pricing.segments import Segment


def cheapest(case: Case, coupons: Sequence[Held]) -> int:
    """The lowest payable over all choices, in fen."""
    return min(_priced(case, coupons, segments) for segments in _segments(case))


def _subsets(things: Sequence[Rule]) -> Iterator[tuple[Rule, ...]]:
    return chain.from_iterable(permutations(things, size) for size in range(len(things) + 1))


def _segments(case: Case) -> Iterator[list[Segment]]:
    """Deals in every order, every set of lines kept out of each, and every ladder for what is left."""
    joint = [rule for rule, _ in case.deals]
    lines = range(len(case.goods))
    for out in chain.from_iterable(combinations(lines, size) for size in range(len(case.goods) + 1)):
        if any(not case.offers[line] and not case.solo[line] for line in out):
            continue
        for deals in _subsets(joint):
            groups = [rule.group for rule in deals if rule.group]
            if len(groups) != len(set(groups)):
                continue
            left = [good.qty for good in case.goods]
            done: list[Segment] = []
            for rule in deals:
                free = [0 if line in out else units for line, units in enumerate(left)]
                eligible = multi.eligible(rule, case.goods)
                taken = multi.take(rule, eligible, free, case.goods, case.units_fen, case.most(rule))
                for line, units in zip(taken.lines, taken.units, strict=True) if taken else ():
                    left[line] -= units
                done += taken.segments(rule) if taken else ()
            for choice in product(*(case.ladders(line, left[line]) for line in lines if left[line])):
                yield sorted([*done, *(one for ladder in choice for one in ladder.segments)], key=lambda one: one.line)


def _priced(case: Case, coupons: Sequence[Held], segments: list[Segment]) -> int:
    best = None
    for chosen in _subsets(case.activities):
        groups = [rule.group for rule in chosen if rule.group]
        if len(groups) != len(set(groups)):
            continue
        nets = _activities(case, segments, chosen)
        payable = _coupons(case, coupons, segments, nets)
        best = payable if best is None else min(best, payable)
    assert best is not None
    return best


def _activities(case: Case, segments: list[Segment], chosen: Sequence[Rule]) -> list[int]:
    before = [one.net_fen for one in segments]
    nets, owned = list(before), [False] * len(segments)
    skus = [case.goods[one.line].sku_id for one in segments]
    for rule in chosen:
        lines = case.covered(rule)
        may = [one.line in lines and (one.cls, rule.stack) not in case.closed for one in segments]
        measured = before if rule.measured == "before" else nets
        if rule.kind is Kind.ADD_ON:
            base = sum(fen for fen, fit in zip(measured, may, strict=True) if fit)
            if base >= rule.steps[0][0]:
                lowered = [(one.cls, "add_on") not in case.closed and one.cls != "multi" for one in segments]
                units = [one.units for one in segments]
                shares = activities.add_on_shares(rule, skus, units, nets, lowered, case.most(rule) or 1)
                nets = [fen - share for fen, share in zip(nets, shares, strict=True)]
            continue
        fits = [fit and not taken for fit, taken in zip(may, owned, strict=True)]
        weights = [fen if fit else 0 for fen, fit in zip(nets, fits, strict=True)]
        base = sum(fen for fen, fit in zip(measured, fits, strict=True) if fit)
        off = min(activities.off_fen(rule, base), sum(weights))
        if off:
            nets = [fen - share for fen, share in zip(nets, split(off, weights), strict=True)]
            owned = [taken or fit for taken, fit in zip(owned, may, strict=True)]
    return nets


def _coupons(case: Case, coupons: Sequence[Held], segments: list[Segment], nets: list[int]) -> int:
    best = None
    fit_here = [held for held in coupons if case.why_unfit(held) is None]
    for size in range(len(fit_here) + 1):
        for chosen in combinations(fit_here, size):
            classes = [held.stack_class for held in chosen]
            if len(classes) == len(set(classes)):
                payable = _with(case, chosen, segments, nets)
                best = payable if best is None else min(best, payable)
    assert best is not None
    return best


def _with(case: Case, chosen: Sequence[Held], segments: list[Segment], nets: list[int]) -> int:
    order = ("goods", "store", "platform", "freight")
    freight = case.freight_fen
    for held in sorted(chosen, key=lambda one: order.index(one.stack_class.value)):
        covers = case.coupon_covers(held)
        if held.kind is CouponKind.FREIGHT:
            base = sum(fen for fen, one in zip(nets, segments, strict=True) if covers[one.line])
            freight -= min(held.off_fen, freight) if base >= held.threshold_fen else 0
            continue
        fits = [covers[one.line] and (one.cls, held.stack_class.value) not in case.closed for one in segments]
        skus, units = [case.goods[one.line].sku_id for one in segments], [one.units for one in segments]
        worth = value(held, fits, nets, skus, units)
        nets = [fen - share for fen, share in zip(nets, worth.shares, strict=True)] if worth.shares else nets
    for rule in case.free_shipping:
        lines = case.covered(rule)
        if sum(fen for fen, one in zip(nets, segments, strict=True) if one.line in lines) >= rule.steps[0][0]:
            freight = 0
    return sum(nets) + freight
