"""Baskets of every sort for both engines: with wishes, at the edges, and with all that keeps a rule off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from member.coupons.states import Kind as CouponKind
from member.coupons.worth import Held
from tests.trade.pricing.baskets import NOW, NOW_MS, Problem, one_price_a_sku, plausible, shop, small
from trade.pricing.case import Wish
from trade.pricing.engine import NoSuchPlan, Priced, Purse, price
from trade.pricing.promotions.book import InForce
from trade.pricing.rules import NO_RULES, Kind, Rule

SORTS: tuple[tuple[str, int], ...] = (
    ("small", 38), ("edge", 20), ("odd", 15), ("crowded", 8), ("plausible", 15), ("shop", 2), ("wholesale", 2),
)  # fmt: skip
"""Each with its share of a hundred."""


@dataclass(frozen=True)
class Vector:
    """One question to both engines."""

    name: str
    problem: Problem
    wish: Wish
    explain: bool

    def answer(self) -> Priced | None:
        """What the Python engine says; None when the wish cannot be had."""
        asked = self.problem
        try:
            return price(
                asked.goods, asked.book, asked.here, left=asked.left, purse=asked.purse, wish=self.wish,
                freight_fen=asked.freight_fen, explain=self.explain,
            )  # fmt: skip
        except NoSuchPlan:
            return None


def moment(seed: int) -> tuple[InForce, datetime]:
    """A moment at a store's midnight, a millisecond before it, or any other, in one of three zones."""
    rng = Random(seed)
    zone = ZoneInfo(rng.choice(("Asia/Shanghai", "Asia/Kathmandu", "America/New_York")))
    day = datetime(2024, 1, 1, tzinfo=zone) + timedelta(days=rng.randint(0, 3000))
    at = day.astimezone(UTC) + rng.choice((timedelta(), -timedelta(milliseconds=1), timedelta(seconds=rng.random())))
    return InForce(1, zone, NO_RULES), at


def vector(seed: int) -> Vector:
    """The question with this number; the same for ever."""
    rng = Random(seed)
    sort = rng.choices([name for name, _ in SORTS], [share for _, share in SORTS])[0]
    problem = _MAKE[sort](rng)
    if rng.random() < 0.12:
        problem = replace(problem, book=replace(problem.book, mode="fixed"))
    if rng.random() < 0.1:
        problem = replace(problem, here=replace(problem.here, tier=None, segment_ids=()))
    if rng.random() < 0.3:
        # Ids of promotions and of coupons are counted apart, and may be the same.
        coupons = [replace(held, id=number) for number, held in enumerate(problem.purse.coupons, 1)]
        problem = replace(problem, purse=Purse(coupons, problem.purse.at))
    many = len(problem.goods) > 6 or len(problem.purse.coupons) > 6
    return Vector(f"{sort} {seed}", problem, _wish(rng, problem), rng.random() < (0.03 if many else 0.2))


def _wish(rng: Random, problem: Problem) -> Wish:
    coupons, rules = [held.id for held in problem.purse.coupons], [rule.id for rule in problem.book.rules]
    chosen: tuple[int, ...] | None = None
    if rng.random() < 0.4:
        chosen = tuple(rng.choice((coupons, rng.sample([*coupons, 999], rng.randint(0, len(coupons))))))
    barred = frozenset(rng.sample(rules, 1)) if rng.random() < 0.15 else frozenset()
    required: set[tuple[str, int]] = set()
    if rng.random() < 0.15:
        required.add(("promotion", rng.choice(rules)))
    if coupons and rng.random() < 0.1:
        required.add(("coupon", rng.choice(coupons)))
    return Wish(chosen, barred, frozenset(required))


def _edge(rng: Random) -> Problem:
    """A basket that reaches a threshold exactly, or misses it by a fen, or has one more than needed."""
    problem = small(rng)
    priced = price(problem.goods, problem.book, problem.here, left=problem.left, purse=problem.purse, wish=Wish(None))
    nets = [sum(priced.nets_fen), sum(priced.list_fen), *(step.base_fen for step in priced.steps)]

    def near() -> int:
        return max(rng.choice(nets) + rng.choice((-1, 0, 0, 1)), 1)

    def on_the_edge(rule: Rule) -> Rule:
        if rule.kind is Kind.NTH_RATE or not rule.steps or rng.random() < 0.2:
            return rule
        return replace(rule, steps=((near(), rule.steps[-1][1]),))

    rules = tuple(on_the_edge(rule) for rule in problem.book.rules)
    coupons = [replace(held, threshold_fen=near()) if rng.random() < 0.7 else held for held in problem.purse.coupons]
    book = replace(problem.book, rules=rules)
    return replace(problem, book=book, purse=Purse(coupons, problem.purse.at))


def _odd(rng: Random) -> Problem:
    """A basket whose rules and coupons are kept off by all that may keep them off, at the very edge of it."""
    problem = small(rng)
    rules = tuple(_limited(rng, rule) if rng.random() < 0.6 else rule for rule in problem.book.rules)
    coupons = [_limited_coupon(rng, held) if rng.random() < 0.6 else held for held in problem.purse.coupons]
    here = replace(problem.here, minute=rng.choice((0, 1439, 1110)), tier=rng.choice(("gold", "gold", "plain")))
    book = replace(problem.book, rules=rules)
    return replace(problem, book=book, here=here, purse=Purse(coupons, problem.purse.at))


def _limited(rng: Random, rule: Rule) -> Rule:
    limits: tuple[dict[str, Any], ...] = (
        {"from_ms": NOW_MS, "until_ms": NOW_MS + 1},
        {"from_ms": NOW_MS + 1, "until_ms": NOW_MS + 2},
        {"from_ms": NOW_MS - 1, "until_ms": NOW_MS},
        {"store_ids": (1, 2)},
        {"store_ids": (2,)},
        {"channels": ("till",)},
        {"channels": ("mall", "till")},
        {"weekdays": (2,), "month_days": (24, 25)},
        {"weekdays": (1, 7)},
        {"month_days": (23,)},
        {"hours": ((0, 1), (1110, 1111))},
        {"hours": ((1, 1110), (1111, 1439))},
        {"hours": ((1439, 1440),)},
        {"members_only": True},
        {"tiers": ("gold",)},
        {"segment_ids": (5, 6)},
        {"segment_ids": (6,)},
    )
    more: dict[str, Any] = {}
    if rule.kind is Kind.AMOUNT_RATE:
        at_fen, rate = rule.steps[0]
        more = {"steps": ((at_fen, rate), (at_fen * 3 // 2 + 1, rate * 9 // 10))}
    if rule.kind is Kind.NTH_RATE and rule.on == "all":
        more = {"steps": ((2, 9000), (4, 7500))}
    if rule.kind is Kind.GIFT:
        more = {"gifts": ((990, 1), (991, 2)), "group": rng.choice(("", "g"))}
    return replace(rule, **rng.choice(limits), **more)


def _limited_coupon(rng: Random, held: Held) -> Held:
    moment = timedelta(milliseconds=1)
    limits: tuple[dict[str, Any], ...] = (
        {"from_at": NOW, "until_at": NOW + moment},
        {"from_at": NOW + moment},
        {"until_at": NOW},
        {"store_ids": (2, 1)},
        {"store_ids": (2,)},
        {"channels": ("till",)},
        {"channels": ("mall",)},
        {"scope": {"exclude": {"categories": [rng.randint(1, 4)]}}},
        {"scope": {"include": {"categories": [1, 2]}, "exclude": {"skus": [10]}}},
        {"kind": CouponKind.GIFT, "goods": ({"sku_id": 990, "qty": 1}, {"sku_id": 11, "qty": 1})},
        {"off_fen": 10**6},
        {"rate_bp": 1},
    )
    return replace(held, **rng.choice(limits))


def _crowded(rng: Random) -> Problem:
    """More rules and coupons than are looked at, and twins among them, so that the order of equals decides."""
    first, second = small(rng), small(rng)
    line_no = len(first.goods)
    goods = [*first.goods, *(replace(good, line_no=line_no + good.line_no) for good in second.goods)]
    rules = [*first.book.rules, *second.book.rules, *first.book.rules[: rng.randint(0, 2)]]
    coupons = [*first.purse.coupons, *second.purse.coupons] * rng.randint(1, 6)
    held = [replace(one, id=number) for number, one in enumerate(coupons, 101)]
    rng.shuffle(held)
    named = (replace(rule, id=number) for number, rule in enumerate(rules, 1))
    book = replace(first.book, rules=tuple(named))
    return replace(first, goods=one_price_a_sku(goods), book=book, purse=Purse(held, first.purse.at))


def _shop(rng: Random) -> Problem:
    return shop(rng, rng.randint(12, 24), coupons=rng.randint(0, 3))


def _wholesale(rng: Random) -> Problem:
    """Thousands of pieces: shares whose products pass 2^53."""
    problem = small(rng)
    times = rng.choice((100, 3000))
    goods = [replace(good, qty=good.qty * times) for good in problem.goods]
    return replace(problem, goods=goods)


_MAKE: dict[str, Callable[[Random], Problem]] = {
    "small": small, "edge": _edge, "odd": _odd, "crowded": _crowded, "plausible": plausible, "shop": _shop,
    "wholesale": _wholesale,
}  # fmt: skip
