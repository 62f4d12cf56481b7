"""Phases 3, 4 and 6 for given segments: the best activities, coupons and freight (`weigh`), found by a small search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

from config.money import split
from member.coupons.worth import Worth, value
from trade.pricing import activities
from trade.pricing.case import Case, Voucher, activity_most, coupon_off
from trade.pricing.rules import Rule
from trade.pricing.segments import Segment

BASKETS = 4
"""A step may price many baskets where there are many coupons; the search ends at so many for each step it may go."""


class Applied(NamedTuple):
    """An activity that took something off: what it was measured on, and its share of each segment."""

    rule: Rule
    base_fen: int
    shares: tuple[int, ...]


class Used(NamedTuple):
    """A coupon that took something off."""

    voucher: Voucher
    base_fen: int
    worth: Worth


class Freight(NamedTuple):
    """What freight costs in the end, and what lowered it."""

    fen: int
    rule: Rule | None
    voucher: Voucher | None
    off_fen: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One complete way to price the basket.  `rank`: payable, coupons used, when they end; the lowest is best."""

    rank: tuple[int, int, tuple[int, ...]]
    segments: tuple[Segment, ...]
    applied: tuple[Applied, ...]
    used: tuple[Used, ...]
    nets: tuple[int, ...]
    freight: Freight


class Best:
    """The best plan so far, and how many baskets were priced in how many steps to find it."""

    def __init__(self, most: int) -> None:
        self.plan: Plan | None = None
        self.priced = self.steps = 0
        self.most = most

    @property
    def full(self) -> bool:
        """The search has gone as many steps as it may, or priced `BASKETS` for each of them."""
        return self.steps >= self.most or self.priced >= self.most * BASKETS

    def beaten_by(self, bound_fen: int) -> bool:
        """Whether a plan of at least `bound_fen` could still be cheaper."""
        return self.plan is None or bound_fen < self.plan.rank[0]

    def matched_by(self, bound_fen: int) -> bool:
        """Whether it could be better: cheaper, or as cheap with fewer coupons."""
        return self.plan is None or bound_fen < self.plan.rank[0] + (self.plan.rank[1] > 0)

    def offer(self, plan: Plan) -> None:
        """Keep the plan if it is better."""
        if self.plan is None or plan.rank < self.plan.rank:
            self.plan = plan


class Weigher:
    """The later phases over one set of segments."""

    def __init__(self, case: Case, segments: Sequence[Segment], best: Best) -> None:
        self.case, self.best = case, best
        self.segments = tuple(sorted(segments, key=lambda one: one.line))
        self.before = [one.net_fen for one in self.segments]
        self.skus = [case.goods[one.line].sku_id for one in self.segments]
        self.units = [one.units for one in self.segments]
        self.may = [
            [one.line in lines and (one.cls, rule.stack) not in case.closed for one in self.segments]
            for rule, lines in zip(case.activities, case.activity_lines, strict=True)
        ]
        self.fits = [[self._fit(voucher) for voucher in choices] for choices in case.vouchers]
        most = [max(voucher.most_fen for voucher in choices) for choices in case.vouchers]
        self.most = [sum(most[cls:]) for cls in range(len(most) + 1)]

    def _fit(self, voucher: Voucher) -> list[bool]:
        closed, cls = self.case.closed, voucher.cls
        return [voucher.covers[one.line] and (one.cls, cls) not in closed for one in self.segments]

    def weigh(self) -> None:
        """Offer every plan that may be the best."""
        self._activities([], [False] * len(self.segments), list(self.before), ())

    def in_order(self) -> None:
        """Activities by priority and the coupons that are best then: the merchant's fixed order."""
        self._along(range(len(self.case.activities)))

    def like(self, plan: Plan) -> None:
        """The activities of another plan in its order, and the coupons that are best then."""
        self._along([self.case.activities.index(one.rule) for one in plan.applied])

    def _along(self, order: Sequence[int]) -> None:
        done: list[int] = []
        applied: tuple[Applied, ...] = ()
        owned, nets = [False] * len(self.segments), list(self.before)
        for at in order:
            step = self._step(at, done, owned, nets)
            if step:
                owned, nets = self._after(at, owned, nets, step)
                done, applied = [*done, at], (*applied, step)
        self._coupons(0, nets, applied, ())

    def _activities(self, done: list[int], owned: list[bool], nets: list[int], applied: tuple[Applied, ...]) -> None:
        self.best.steps += 1
        if self.best.full or not self.best.matched_by(self._bound(done, owned, nets)):
            return
        self._coupons(0, nets, applied, ())
        for at in range(len(self.case.activities)):
            if at in done or (done and at < done[-1] and not self._meet(at, done[-1])):
                continue
            step = self._step(at, done, owned, nets)
            if step:
                more_owned, after = self._after(at, owned, nets, step)
                self._activities([*done, at], more_owned, after, (*applied, step))

    def _meet(self, at: int, other: int) -> bool:
        return bool(self.case.spans[at][1] & self.case.spans[other][1])

    def _step(self, at: int, done: Sequence[int], owned: Sequence[bool], nets: Sequence[int]) -> Applied | None:
        rule, may = self.case.activities[at], self.may[at]
        if rule.group and any(self.case.activities[other].group == rule.group for other in done):
            return None
        owner = rule.kind in activities.OWNERS
        fits = [ok and not (owner and taken) for ok, taken in zip(may, owned, strict=True)]
        measured = self.before if rule.measured == "before" else nets
        base_fen = sum(compress(measured, fits))
        if owner:
            eligible = [fen if fit else 0 for fen, fit in zip(nets, fits, strict=True)]
            off_fen = min(activities.off_fen(rule, base_fen), sum(eligible))
            return Applied(rule, base_fen, tuple(split(off_fen, eligible))) if off_fen else None
        if base_fen < rule.steps[0][0]:
            return None
        sets = self.case.most(rule) or 1
        lowered = [(one.cls, "add_on") not in self.case.closed and one.cls != "multi" for one in self.segments]
        shares = activities.add_on_shares(rule, self.skus, self.units, nets, lowered, sets)
        return Applied(rule, base_fen, tuple(shares)) if any(shares) else None

    def _after(
        self, at: int, owned: Sequence[bool], nets: Sequence[int], step: Applied
    ) -> tuple[list[bool], list[int]]:
        owner = step.rule.kind in activities.OWNERS
        now = [taken or (owner and ok) for taken, ok in zip(owned, self.may[at], strict=True)]
        return now, [fen - share for fen, share in zip(nets, step.shares, strict=True)]

    def _bound(self, done: Sequence[int], owned: Sequence[bool], nets: Sequence[int]) -> int:
        """What is to pay at least, when every remaining rule and coupon takes off all it could."""
        total_fen = sum(nets)
        for at, rule in enumerate(self.case.activities):
            if at not in done:
                owner = rule.kind in activities.OWNERS
                base_fen = sum(compress(self.before, self.may[at]))
                if owner and done:
                    base_fen -= sum(compress(compress(self.before, owned), compress(self.may[at], owned)))
                total_fen -= activity_most(rule, base_fen, self.case.add_on_most(rule))
        for choices, fits in zip(self.case.vouchers, self.fits, strict=True):
            offs = []
            for voucher, fit in zip(choices, fits, strict=True):
                base_fen = sum(compress(nets, fit))
                offs.append(self.case.coupon_most(voucher, base_fen))
            total_fen -= max(offs) if self.case.wish.coupon_ids is None else sum(offs)
        return total_fen

    def _coupons(self, cls: int, nets: Sequence[int], applied: tuple[Applied, ...], used: tuple[Used, ...]) -> None:
        """One coupon of each class at most; those the shopper chose are all used where they take something off."""
        if not self.best.matched_by(sum(nets) - self.most[cls]):
            return
        if cls == len(self.case.vouchers):
            self._done(nets, applied, used)
            return
        found = []
        for voucher, fits in zip(self.case.vouchers[cls], self.fits[cls], strict=True):
            base_fen = sum(compress(nets, fits))
            if base_fen < voucher.held.threshold_fen:
                continue
            worth = value(voucher.held, fits, nets, self.skus, self.units)
            if worth.off_fen:
                found.append(Used(voucher, base_fen, worth))
        chosen = self.case.wish.coupon_ids is not None
        for one in found[:1] if chosen else found:
            after = [fen - share for fen, share in zip(nets, one.worth.shares, strict=True)]
            self._coupons(cls + 1, after, applied, (*used, one))
        if not (chosen and found):
            self._coupons(cls + 1, nets, applied, used)

    def _done(self, nets: Sequence[int], applied: tuple[Applied, ...], used: tuple[Used, ...]) -> None:
        self.best.priced += 1
        freight = self._freight(nets)
        if self.best.plan and sum(nets) + freight.fen > self.best.plan.rank[0]:
            return
        vouchers = [one.voucher for one in used] + ([freight.voucher] if freight.voucher else [])
        ends = tuple(sorted(voucher.until_ms for voucher in vouchers))
        plan = Plan((sum(nets) + freight.fen, len(ends), ends), self.segments, applied, used, tuple(nets), freight)
        if self.case.wish.required <= parts(plan) if self.case.wish.required else True:
            self.best.offer(plan)

    def _freight(self, nets: Sequence[int]) -> Freight:
        fee_fen = self.case.freight_fen
        if not fee_fen:
            return Freight(0, None, None, 0)
        for rule in self.case.free_shipping:
            lines = self.case.covered(rule)
            if sum(fen for fen, one in zip(nets, self.segments, strict=True) if one.line in lines) >= rule.steps[0][0]:
                return Freight(0, rule, None, fee_fen)
        best: tuple[int, int, int] | None = None
        pick = None
        for voucher in self.case.freight_vouchers:
            base_fen = sum(fen for fen, one in zip(nets, self.segments, strict=True) if voucher.covers[one.line])
            off_fen = min(coupon_off(voucher.held, base_fen), fee_fen) if base_fen >= voucher.held.threshold_fen else 0
            rank = (-off_fen, voucher.until_ms, voucher.held.id)
            if off_fen and (best is None or rank < best):
                best, pick = rank, voucher
        off_fen = -best[0] if best else 0
        return Freight(fee_fen - off_fen, None, pick, off_fen)


def parts(plan: Plan) -> set[tuple[str, int]]:
    """The rules and coupons that a plan uses."""
    found = {("promotion", one.rule_id) for one in plan.segments if one.rule_id}
    found |= {("promotion", one.rule.id) for one in plan.applied}
    found |= {("coupon", one.voucher.held.id) for one in plan.used}
    if plan.freight.rule:
        found.add(("promotion", plan.freight.rule.id))
    if plan.freight.voucher:
        found.add(("coupon", plan.freight.voucher.held.id))
    return found
