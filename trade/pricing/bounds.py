"""How cheap a basket may become at best, whichever ladders its lines choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from member.coupons.states import Kind as CouponKind
from trade.pricing import activities
from trade.pricing.case import Case, Voucher, activity_most
from trade.pricing.ladders import Ladder
from trade.pricing.rules import Kind, Rule
from trade.pricing.segments import Segment


def span(segments: Sequence[Segment], choices: Sequence[Sequence[Ladder]]) -> tuple[list[int], list[int]]:
    """Per line the least and the most it may cost after phase 2."""
    lowest = [ladders[0].net_fen if ladders else 0 for ladders in choices]
    highest = [ladders[-1].net_fen if ladders else 0 for ladders in choices]
    for segment in segments:
        lowest[segment.line] += segment.net_fen
        highest[segment.line] += segment.net_fen
    return lowest, highest


def bound(case: Case, segments: Sequence[Segment], choices: Sequence[Sequence[Ladder]]) -> int:
    """No choice of ladders makes the goods cheaper than this, in fen.

    Giving up `r` fen of exclusive prices lifts what a rule is measured on by at most `r`, so it is worth no more than
    what the rules take off at the thresholds that come into reach, less `r`.  Between thresholds only rates grow with
    `r`: where they come to less than one together a fen for the rounding of each but one is enough, else `r` is free.
    """
    lowest, highest = span(segments, choices)
    total_fen, raise_fen = sum(lowest), sum(highest) - sum(lowest)
    if not case.activities and not case.vouchers:
        return total_fen
    terms = _terms(case, lowest, highest)
    rates = [term.slope_bp for term in terms if term.slope_bp]
    if sum(rates) >= 10_000 and raise_fen:
        return total_fen - _gain(terms, raise_fen)
    tries = {0, raise_fen}
    for term in terms:
        tries.update(term.jumps)
    gain_fen = max(_gain(terms, more) - more for more in tries if more <= raise_fen)
    return total_fen - gain_fen - (len(rates) - 1 if raise_fen and rates else 0)


class _Term(NamedTuple):
    """One rule or coupon in the bound; of those with the same `alone` only one takes effect."""

    case: Case
    alone: object
    base_fen: int
    raise_fen: int
    rule: Rule | None
    voucher: Voucher | None
    jumps: tuple[int, ...]

    def off_fen(self, more_fen: int) -> int:
        """At most this it takes off when prices were given up for so much; does not grow but at jumps and by rates."""
        base_fen = self.base_fen + min(more_fen, self.raise_fen)
        if self.rule:
            return activity_most(self.rule, base_fen, self.case.add_on_most(self.rule))
        assert self.voucher
        return self.case.coupon_most(self.voucher, base_fen)

    @property
    def slope_bp(self) -> int:
        """How much more it takes off for a fen more; whole prices that a coupon may swallow are not counted here."""
        if self.rule:
            return 10_000 - min(rate for _, rate in self.rule.steps) if self.rule.kind is Kind.AMOUNT_RATE else 0
        held = self.voucher.held if self.voucher else None
        return 10_000 - held.rate_bp if held and held.kind is CouponKind.RATE else 0


def _terms(case: Case, lowest: Sequence[int], highest: Sequence[int]) -> list[_Term]:
    terms = []
    for rule, lines in zip(case.activities, case.activity_lines, strict=True):
        base, top = sum(lowest[i] for i in lines), sum(highest[i] for i in lines)
        alone: object = lines if rule.kind in activities.OWNERS else ("promotion", rule.id)
        jumps = [at - base for at in activities.thresholds(rule, top) if at > base]
        terms.append(_Term(case, alone, base, top - base, rule, None, tuple(jumps)))
    for choices in case.vouchers:
        for voucher in choices:
            base = sum(fen for fen, fit in zip(lowest, voucher.covers, strict=True) if fit)
            top = sum(fen for fen, fit in zip(highest, voucher.covers, strict=True) if fit)
            missing = voucher.held.threshold_fen - base
            jump = (missing,) if 0 < missing <= top - base else ()
            alone = voucher.cls if case.wish.coupon_ids is None else ("coupon", voucher.held.id)
            terms.append(_Term(case, alone, base, top - base, None, voucher, jump))
    return terms


def _gain(terms: Sequence[_Term], more_fen: int) -> int:
    best: dict[object, int] = {}
    for term in terms:
        off = term.off_fen(more_fen)
        if off > best.get(term.alone, 0):
            best[term.alone] = off
    return sum(best.values())
