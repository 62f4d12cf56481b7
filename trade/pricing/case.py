"""One basket with everything that may be chosen for it: what the search walks through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from config.clock import epoch_ms
from config.money import half_up
from member.coupons.states import Kind as CouponKind
from member.coupons.states import StackClass
from member.coupons.worth import At, Goods, Held, not_here
from trade.pricing import activities, ladders, multi
from trade.pricing.allowed import why_not
from trade.pricing.ladders import Ladder
from trade.pricing.rules import UNLIMITED, Here, Kind, Left, Rule, RuleBook
from trade.pricing.segments import Good, Segment, unit_prices

GOODS_CLASSES = (StackClass.GOODS, StackClass.STORE, StackClass.PLATFORM)
A_CLASS = 6
"""Of each class of coupons the search looks at so many, those that could take off most."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the shopper chose: `coupon_ids` None lets the search choose; `barred` rules stay out; `required` come in."""

    coupon_ids: tuple[int, ...] | None = ()
    barred: frozenset[int] = frozenset()
    required: frozenset[tuple[str, int]] = frozenset()


@dataclass(slots=True)
class Voucher:
    """A coupon that may be used here, and which lines it covers."""

    held: Held
    covers: tuple[bool, ...]
    until_ms: int
    most_fen: int

    @property
    def cls(self) -> str:
        """Its class in the stacking table."""
        return self.held.stack_class.value

    @property
    def frees(self) -> bool:
        """Whether what it is worth is the price of a unit."""
        return self.held.kind is CouponKind.GOODS


@dataclass
class Case:
    """A pricing problem, prepared once.  `refused` says of each rule that cannot work at all why."""

    goods: Sequence[Good]
    book: RuleBook
    here: Here
    left: Mapping[int, Left]
    wish: Wish
    freight_fen: int = 0
    refused: dict[int, dict[str, Any]] = field(default_factory=dict)
    at: At | None = None
    vouchers: list[list[Voucher]] = field(default_factory=list)
    freight_vouchers: list[Voucher] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.units_fen = unit_prices(self.goods)
        self.list_fen = [good.cost_fen(fen, good.qty) for good, fen in zip(self.goods, self.units_fen, strict=True)]
        self.closed = frozenset(self.book.stacking)
        self.first = self.book.member_and_flash == "first"
        rules = [rule for rule in self.book.rules if self._may(rule)]
        rules.sort(key=lambda rule: (rule.priority, rule.id))
        of_phase = {phase: [rule for rule in rules if rule.phase == phase] for phase in (1, 2, 3, 6)}
        self.offers = ladders.offers(self.goods, self.units_fen, of_phase[1], self.left, first=self.first)
        self._share_out([(rule, multi.eligible(rule, self.goods)) for rule in of_phase[2]])
        self.activities = [rule for rule in of_phase[3] if rule.kind is not Kind.GIFT]
        self.gifts = [rule for rule in of_phase[3] if rule.kind is Kind.GIFT]
        self.free_shipping = of_phase[6]
        self.activity_lines = [self.covered(rule) for rule in self.activities]
        self._ladders: dict[tuple[int, int], list[Ladder]] = {}

    def _may(self, rule: Rule) -> bool:
        reason: dict[str, Any] | None = {"code": "barred"} if rule.id in self.wish.barred else None
        reason = reason or why_not(rule, self.here, self.left.get(rule.id, UNLIMITED))
        if reason is None and not any(rule.covers(good.sku_id, good.category_id) for good in self.goods):
            reason = {"code": "no_goods_of_it"}
        if reason:
            self.refused[rule.id] = reason
        return reason is None

    def covered(self, rule: Rule) -> frozenset[int]:
        """The lines that count for a rule; the skus that 加价购 lowers do not count for its threshold."""
        add_on = rule.prices if rule.kind is Kind.ADD_ON else {}
        return frozenset(
            line
            for line, good in enumerate(self.goods)
            if rule.covers(good.sku_id, good.category_id) and good.sku_id not in add_on
        )

    def _share_out(self, deals: Sequence[tuple[Rule, list[int]]]) -> None:
        """Deals that look at one line at a time are ways to price that line; the others are arranged together."""
        lines_of = Counter(good.sku_id for good in self.goods)
        self.deals: list[tuple[Rule, list[int]]] = []
        self.solo: list[list[Rule]] = [[] for _ in self.goods]
        for rule, lines in deals:
            alone = rule.kind is not Kind.BUNDLE and not rule.across and not rule.group and not self.most(rule)
            if alone and all(lines_of[self.goods[line].sku_id] == 1 for line in lines):
                for line in lines:
                    self.solo[line].append(rule)
            else:
                self.deals.append((rule, lines))

    def ladders(self, line: int, units: int) -> list[Ladder]:
        """Every way to price so many units of a line, lowest first; computed once."""
        key = line, units
        if key not in self._ladders:
            found: dict[tuple[Segment, ...], int] = {}
            for segments, rest in self._alone(line, (), units, []):
                for ladder in self._climbs(line, rest):
                    whole = segments + ladder.segments
                    found.setdefault(whole, sum(one.net_fen for one in whole))
            ways = [Ladder(net_fen, segments) for segments, net_fen in found.items()]
            self._ladders[key] = sorted(ways, key=lambda one: one.net_fen)
        return self._ladders[key]

    def _climbs(self, line: int, units: int) -> list[Ladder]:
        if not units:
            return [ladders.NOTHING]
        found = (line, self.goods[line], self.units_fen[line], units, self.offers[line])
        return ladders.ladders(*found, first=self.first)

    def _alone(
        self, line: int, segments: tuple[Segment, ...], units: int, used: list[int]
    ) -> Iterator[tuple[tuple[Segment, ...], int]]:
        """Every ordered subset of the line's own deals, with the units that none of them took."""
        yield segments, units
        for rule in self.solo[line]:
            if rule.id in used:
                continue
            free = [units if at == line else 0 for at in range(line + 1)]
            taken = multi.take(rule, [line], free, self.goods, self.units_fen, 0)
            if taken:
                more = (*segments, *taken.segments(rule))
                yield from self._alone(line, more, units - taken.units[0], [*used, rule.id])

    def most(self, rule: Rule) -> int:
        """How many sets of a deal an order may have; 0 is no limit."""
        left = self.left.get(rule.id, UNLIMITED).units
        limits = [limit for limit in (rule.most_per_order or None, left) if limit is not None]
        return min(limits) if limits else 0

    @cached_property
    def spans(self) -> list[tuple[Rule, frozenset[int]]]:
        """Every activity with the lines it may change: two whose lines do not meet do not care about their order."""
        found = []
        for rule, lines in zip(self.activities, self.activity_lines, strict=True):
            lowered = {line for line, good in enumerate(self.goods) if good.sku_id in rule.prices}
            found.append((rule, lines | lowered if rule.kind is Kind.ADD_ON else lines))
        return found

    @cached_property
    def activities_most(self) -> int:
        """What all activities together take off at most."""
        return sum(
            activity_most(rule, sum(self.list_fen[i] for i in lines), self.add_on_most(rule))
            for rule, lines in zip(self.activities, self.activity_lines, strict=True)
        )

    def spans_of(self, rule: Rule) -> frozenset[int]:
        """The lines that an activity may change."""
        return next(lines for one, lines in self.spans if one is rule)

    def add_on_most(self, rule: Rule) -> int:
        """What 加价购 takes off at most: every unit it may lower, from list price."""
        if rule.kind is not Kind.ADD_ON:
            return 0
        rows = zip(self.goods, self.units_fen, strict=True)
        return sum(
            max(fen - rule.prices[good.sku_id], 0) * good.qty for good, fen in rows if good.sku_id in rule.prices
        )

    def coupon_most(self, voucher: Voucher, base_fen: int) -> int:
        """What a coupon takes off at most when the goods it covers cost `base_fen`."""
        if voucher.held.kind is CouponKind.GOODS:
            return voucher.most_fen if base_fen >= voucher.held.threshold_fen else 0
        return coupon_off(voucher.held, base_fen)

    def coupon_covers(self, held: Held) -> tuple[bool, ...]:
        """Per line whether the coupon's scope holds it."""
        return tuple(held.covers(Goods(good.sku_id, good.category_id, good.qty, 0)) for good in self.goods)

    def why_unfit(self, held: Held) -> dict[str, Any] | None:
        """Why the coupon can do nothing in this place, at this moment or for these goods; None when it may."""
        reason = not_here(held, self.at) if self.at else {"code": "nothing_to_use_it_on"}
        freight = held.kind is CouponKind.FREIGHT
        if reason is None and (held.kind is CouponKind.GIFT or (freight and not self.freight_fen)):
            reason = {"code": "nothing_to_use_it_on"}
        if reason is None and not any(self.coupon_covers(held)):
            reason = {"code": "no_goods_of_it"}
        return reason

    def add_coupons(self, coupons: Sequence[Held], at: At) -> None:
        """Take in the member's coupons: those the shopper chose, or all for the search to choose from."""
        self.at = at
        chosen = self.wish.coupon_ids
        classes: dict[StackClass, list[Voucher]] = {}
        for held in coupons:
            if chosen is not None and held.id not in chosen:
                continue
            if self.why_unfit(held):
                continue
            covers = self.coupon_covers(held)
            voucher = Voucher(held, covers, epoch_ms(held.until_at), self._most_off(held, covers))
            if held.kind is CouponKind.FREIGHT:
                self.freight_vouchers.append(voucher)
            else:
                classes.setdefault(held.stack_class, []).append(voucher)
        for cls in GOODS_CLASSES:
            found = sorted(classes.get(cls, []), key=self._promising)
            if found:
                self.vouchers.append(found[:A_CLASS])

    def _promising(self, one: Voucher) -> tuple[int, int, int]:
        """What could take off most comes first; of those the shopper chose, the older."""
        return (-one.most_fen, one.until_ms, one.held.id) if self.wish.coupon_ids is None else (0, 0, one.held.id)

    def _most_off(self, held: Held, covers: Sequence[bool]) -> int:
        if held.kind is CouponKind.GOODS:
            named = {one["sku_id"]: one["qty"] for one in held.goods}
            rows = zip(self.goods, self.list_fen, strict=True)
            return sum(min(named.get(good.sku_id, 0), good.qty) * fen // good.qty + 1 for good, fen in rows)
        return coupon_off(held, sum(fen for fen, fit in zip(self.list_fen, covers, strict=True) if fit))


def coupon_off(held: Held, base_fen: int) -> int:
    """At most so much a coupon takes off goods that cost `base_fen`; 0 below its threshold."""
    if base_fen < held.threshold_fen:
        return 0
    if held.kind is CouponKind.RATE:
        off_fen = base_fen - half_up(base_fen * held.rate_bp, 10_000)
        return min(off_fen, held.cap_fen) if held.cap_fen else off_fen
    return held.off_fen


def activity_most(rule: Rule, base_fen: int, add_on_fen: int) -> int:
    """At most so much an activity takes off when what counts for it costs `base_fen`."""
    if rule.kind is Kind.ADD_ON:
        return add_on_fen if base_fen >= rule.steps[0][0] else 0
    return activities.off_fen(rule, base_fen)
