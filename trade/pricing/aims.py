"""Worth giving up a cheaper unit price for: the ways to lift the basket over thresholds, each with its bound.

With every line at its lowest price the search has the best of all ways that reach no further threshold, because for
thresholds that stay as they are what is to pay never falls when a price rises.  An *aim* is one way that does reach
one: activities in their order, each at one step, and coupons, with what each is short of.  The raises that lines can
give are sums, kept as the bits of a number, so that the smallest raise that reaches a threshold is known exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from config.money import half_up
from member.coupons.states import Kind as CouponKind
from trade.pricing import activities
from trade.pricing.bounds import span
from trade.pricing.case import Case, Voucher
from trade.pricing.ladders import Ladder
from trade.pricing.rules import Kind, Rule
from trade.pricing.segments import Segment
from trade.pricing.weigh import Best


class Need(NamedTuple):
    """These lines must cost at least `missing_fen` more than at their lowest; with `sure_fen` more they do for certain.

    The two differ where it is not known how much earlier deductions take off these lines.
    """

    lines: frozenset[int]
    missing_fen: int
    sure_fen: int


class Rate(NamedTuple):
    """A rate of what its lines cost: `base_fen` at their lowest, at most `raise_fen` more."""

    base_fen: int
    raise_fen: int
    rate_bp: int
    cap_fen: int

    def off_fen(self, more_fen: int) -> int:
        """Off when the basket costs so much more."""
        base_fen = self.base_fen + min(more_fen, self.raise_fen)
        off_fen = base_fen - half_up(base_fen * self.rate_bp, 10_000)
        return min(off_fen, self.cap_fen) if self.cap_fen else off_fen


class Part(NamedTuple):
    """An activity at one step, a coupon or free freight: what it takes off, by rate or at most `most_fen`, and needs.

    `least_fen` it takes off for certain.  `even`: its shares are in proportion to what the lines cost after phase 2.
    """

    lines: frozenset[int]
    least_fen: int
    most_fen: int
    rate: Rate | None = None
    need: Need | None = None
    even: bool = False

    def off_fen(self, more_fen: int) -> int:
        """What it takes off at most when the basket costs so much more."""
        return self.rate.off_fen(more_fen) if self.rate else self.most_fen


class Aim(NamedTuple):
    """`total_fen` is the basket at its lowest, with freight."""

    total_fen: int
    parts: tuple[Part, ...]

    @property
    def needs(self) -> list[Need]:
        """What it is short of."""
        return [part.need for part in self.parts if part.need]

    def bound_fen(self, raised_fen: int) -> int:
        """What is to pay at least, the goods costing so much more; a fen is kept for the rounding of further rates."""
        off_fen = sum(part.off_fen(raised_fen) for part in self.parts)
        return self.total_fen + raised_fen - off_fen - max(sum(part.rate is not None for part in self.parts) - 1, 0)


class Ground:
    """One set of choices: the lowest and highest of each line, and the raises that sets of lines can give."""

    def __init__(self, case: Case, segments: Sequence[Segment], choices: Sequence[Sequence[Ladder]]) -> None:
        self.case, self.choices, self.segments = case, choices, segments
        self.lowest, self.highest = span(segments, choices)
        self._sums: dict[tuple[frozenset[int], int], int] = {}

    def base(self, lines: frozenset[int], later: str) -> tuple[int, int]:
        """What of the lines counts for a later deduction at their lowest, and how much more it may be."""
        low = sum(self.lowest[i] for i in lines)
        raise_fen = sum(self.highest[i] for i in lines) - low
        for segment in self.segments:
            if segment.line in lines and (segment.cls, later) in self.case.closed:
                low -= segment.net_fen
        return low, raise_fen

    def least_raise(self, lines: frozenset[int], begin: int, missing_fen: int) -> int | None:
        """The smallest raise of at least `missing_fen` that those of the lines from `begin` on can give."""
        if missing_fen <= 0:
            return 0
        enough = self._raises(lines, begin) >> missing_fen
        return missing_fen + (enough & -enough).bit_length() - 1 if enough else None

    def _raises(self, lines: frozenset[int], begin: int) -> int:
        if begin == len(self.choices):
            return 1
        key = lines, begin
        if key not in self._sums:
            after = self._raises(lines, begin + 1)
            found = self.choices[begin] if begin in lines else ()
            bits = 0
            for fen in sorted({ladder.net_fen - found[0].net_fen for ladder in found} or {0}):
                bits |= after << fen
            self._sums[key] = bits
        return self._sums[key]


def aims(ground: Ground, best: Best) -> list[tuple[int, Aim]]:
    """Every aim that is short of something it can reach and may beat the best, by its bound."""
    total_fen = sum(ground.lowest) + ground.case.freight_fen
    found = []
    for parts in _activities(ground, best, total_fen, (), frozenset(), ()):
        for whole in _coupons(ground, best, total_fen, 0, parts):
            aim = Aim(total_fen, whole)
            raises = [ground.least_raise(need.lines, 0, need.missing_fen) for need in aim.needs]
            known = [fen for fen in raises if fen is not None]
            if known and len(known) == len(raises):
                bound_fen = aim.bound_fen(max(known))
                if best.beaten_by(bound_fen):
                    found.append((bound_fen, aim))
    return sorted(found, key=lambda pair: pair[0])


_Parts = tuple[Part, ...]


def _activities(
    ground: Ground, best: Best, total_fen: int, done: tuple[int, ...], owned: frozenset[int], parts: _Parts
) -> Iterator[_Parts]:
    """Every order of activities at every step in reach; of two that share no line only one order."""
    case = ground.case
    yield parts
    groups = {case.activities[at].group for at in done}
    for at, rule in enumerate(case.activities):
        if at in done or (rule.group and rule.group in groups):
            continue
        if done and at < done[-1] and not case.spans[at][1] & case.spans[done[-1]][1]:
            continue
        owner = rule.kind in activities.OWNERS
        lines = case.activity_lines[at] - owned if owner else case.activity_lines[at]
        for part in _steps(ground, rule, lines, parts):
            yield from _activities(
                ground, best, total_fen, (*done, at), owned | lines if owner else owned, (*parts, part)
            )


def _steps(ground: Ground, rule: Rule, lines: frozenset[int], before: _Parts) -> Iterator[Part]:
    """The rule as it surely stands at the lowest prices, and at every step above that."""
    base_fen, raise_fen = ground.base(lines, rule.stack)
    least, most = _earlier(ground, before, lines) if rule.measured == "after" else (0, 0)
    sure = None
    for at_fen in activities.thresholds(rule, base_fen - least + raise_fen):
        need = Need(lines, at_fen - base_fen + least, at_fen - base_fen + most)
        if need.sure_fen > 0 and sure is not None:
            yield _step(ground, rule, sure, None, raise_fen)
            sure = None
        if need.sure_fen > 0:
            yield _step(ground, rule, at_fen, need, raise_fen)
        else:
            sure = max(at_fen, base_fen - most)
    if sure is not None:
        yield _step(ground, rule, sure, None, raise_fen)


def _step(ground: Ground, rule: Rule, at_fen: int, need: Need | None, raise_fen: int) -> Part:
    """The rule when what counts for it costs `at_fen`, or a little more."""
    lines = need.lines if need else ground.case.covered(rule)
    if rule.kind is Kind.ADD_ON:
        return Part(ground.case.spans_of(rule), 0, ground.case.add_on_most(rule), None, need)
    off_fen = activities.off_fen(rule, at_fen)
    even = not any((segment.cls, rule.stack) in ground.case.closed for segment in ground.segments)
    if rule.kind is Kind.AMOUNT_RATE:
        base_fen, _ = ground.base(lines, rule.stack)
        rate = Rate(max(base_fen, 0), raise_fen, activities.rate_bp(rule, at_fen), rule.cap_fen)
        return Part(lines, off_fen, rate.off_fen(raise_fen), rate, need, even)
    return Part(lines, off_fen, off_fen, None, need, even)


def _earlier(ground: Ground, parts: _Parts, lines: frozenset[int]) -> tuple[int, int]:
    """What earlier parts take off these lines at least, and at most.

    Of an activity that covers other lines too they bear a share in proportion to what they cost, to a fen each.
    """
    least = most = 0
    even = all(part.even for part in parts)
    for part in parts:
        inside, outside = part.lines & lines, part.lines - lines
        if not outside:
            least, most = least + part.least_fen, most + part.most_fen
        elif inside and even:
            low = sum(ground.lowest[i] for i in inside), sum(ground.lowest[i] for i in outside)
            high = sum(ground.highest[i] for i in inside), sum(ground.highest[i] for i in outside)
            fuzz = len(ground.segments) + len(ground.choices)
            least += max(part.least_fen * low[0] // max(low[0] + high[1], 1) - fuzz, 0)
            most += part.most_fen * high[0] // max(high[0] + low[1], 1) + fuzz
        elif inside:
            most += part.most_fen
    return least, most


def _coupons(ground: Ground, best: Best, total_fen: int, cls: int, parts: _Parts) -> Iterator[_Parts]:
    """With none or one coupon of each class, and freight as it is or lowered."""
    case = ground.case
    rest_fen = sum(max(one.most_fen for one in found) for found in case.vouchers[cls:]) + case.freight_fen
    if not best.beaten_by(Aim(total_fen, parts).bound_fen(0) - rest_fen):
        return
    if cls == len(case.vouchers):
        yield parts
        for part in _freight(ground, parts) if case.freight_fen else ():
            yield (*parts, part)
        return
    yield from _coupons(ground, best, total_fen, cls + 1, parts)
    for voucher in case.vouchers[cls]:
        coupon = _coupon(ground, voucher, parts)
        if coupon:
            yield from _coupons(ground, best, total_fen, cls + 1, (*parts, coupon))


def _coupon(ground: Ground, voucher: Voucher, before: _Parts) -> Part | None:
    held = voucher.held
    lines = frozenset(line for line, fit in enumerate(voucher.covers) if fit)
    base_fen, raise_fen = ground.base(lines, voucher.cls)
    least, most = _earlier(ground, before, lines)
    need = Need(lines, held.threshold_fen - base_fen + least, held.threshold_fen - base_fen + most)
    if need.missing_fen > raise_fen:
        return None
    short = need if need.sure_fen > 0 else None
    if held.kind is CouponKind.RATE:
        rate = Rate(max(base_fen - least, 0), raise_fen, held.rate_bp, held.cap_fen)
        return Part(lines, 0, rate.off_fen(raise_fen), rate, short)
    if held.kind is CouponKind.GOODS:
        return Part(lines, 0, voucher.most_fen, None, short)
    return Part(lines, held.off_fen if held.off_fen <= held.threshold_fen else 0, held.off_fen, None, short)


def _freight(ground: Ground, before: _Parts) -> Iterator[Part]:
    """Free shipping or a freight coupon, measured after everything else; no line bears any of it."""
    case = ground.case
    offers = [(rule.steps[0][0], case.covered(rule), case.freight_fen) for rule in case.free_shipping]
    for voucher in case.freight_vouchers:
        fits = frozenset(line for line, fit in enumerate(voucher.covers) if fit)
        offers.append((voucher.held.threshold_fen, fits, min(voucher.held.off_fen, case.freight_fen)))
    for threshold_fen, lines, off_fen in offers:
        base_fen, raise_fen = ground.base(lines, "shipping")
        least, most = _earlier(ground, before, lines)
        need = Need(lines, threshold_fen - base_fen + least, threshold_fen - base_fen + most)
        if need.missing_fen <= raise_fen:
            yield Part(frozenset(), off_fen, off_fen, None, need if need.sure_fen > 0 else None)
