"""Random baskets, rule books and coupons: small and wild for the brute force, or plausible for a shop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from member.coupons.states import Kind as CouponKind
from member.coupons.states import StackClass
from member.coupons.worth import At, Held
from trade.pricing.engine import Purse
from trade.pricing.rules import STACKING, Here, Kind, Left, Rule, RuleBook, Scope
from trade.pricing.segments import Good

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
NOW_MS = 1_795_516_200_000
HERE = Here(1, "mall", NOW_MS, 2, 24, 1110, "gold", (5,))
KINDS = tuple(kind for kind in Kind if kind is not Kind.GROUP)
"""A group's price is in no book beside others (`InForce.of_group`)."""
PHASES_2_3 = (Kind.NTH_RATE, Kind.BUY_GET, Kind.BUNDLE, Kind.AMOUNT_OFF, Kind.AMOUNT_RATE, Kind.ADD_ON)


@dataclass(frozen=True)
class Problem:
    """One thing to price."""

    goods: list[Good]
    book: RuleBook
    here: Here
    left: dict[int, Left]
    purse: Purse
    freight_fen: int = 0


def small(rng: Random) -> Problem:
    """At most four lines, four rules and two coupons, with thresholds near what the goods cost."""
    goods = one_price_a_sku([_good(rng, line, wild=True) for line in range(1, rng.randint(1, 4) + 1)])
    rules = [_rule(rng, number, rng.choice(KINDS), goods) for number in range(1, rng.randint(1, 4) + 1)]
    left = {rule.id: _left(rng) for rule in rules if rng.random() < 0.15}
    coupons = [_coupon(rng, number, goods) for number in range(101, 101 + rng.randint(0, 2))]
    stacking = STACKING if rng.random() < 0.8 else (*STACKING, ("flash", "activity"), ("member", "store"))
    book = RuleBook(7, tuple(rules), "best", rng.choice(("best", "best", "first")), stacking)
    return Problem(goods, book, HERE, left, Purse(coupons, At(1, "mall", NOW)), rng.choice((0, 0, 600)))


def plausible(rng: Random) -> Problem:
    """A shop's basket: mostly few lines, twelve promotions of all kinds, a member with up to four coupons."""
    lines = rng.choices((1, 2, 3, 4, 5, 6, 8, 10, 14, 20), (10, 14, 16, 14, 12, 10, 9, 7, 5, 3))[0]
    return shop(rng, lines, coupons=rng.randint(0, 4))


def shop(rng: Random, lines: int, *, coupons: int) -> Problem:
    """So many lines of a shop with twelve promotions."""
    goods = [_good(rng, line) for line in range(1, lines + 1)]
    held = [_shop_coupon(rng, number) for number in range(101, 101 + coupons)]
    left = {4: Left(rng.randint(0, 5))}
    return Problem(goods, RuleBook(7, _promotions(rng, goods)), HERE, left, Purse(held, At(1, "mall", NOW)))


def _good(rng: Random, line: int, *, wild: bool = False) -> Good:
    weighed = rng.random() < 0.12
    price = rng.choice((100, 250, 333, 999, 6000, 9000)) if wild else rng.choice((290, 450, 590, 890, 1290, 1990, 3990))
    if not wild:
        price += rng.choice((0, 0, 10, 100))
    steps = ((1, price), (3, price * 9 // 10)) if rng.random() < 0.15 and not weighed else ((1, price),)
    qty = rng.randint(50, 2500) if weighed else rng.choice((1, 1, 1, 2, 2, 3, 4))
    sku = rng.randint(1, 4) * 10 + line if wild and rng.random() < 0.85 else line + 10 if not wild else 10
    return Good(line, sku, sku % 4 + 1, qty, weighed, steps)


def one_price_a_sku(goods: list[Good]) -> list[Good]:
    """The goods with lines of one sku at that sku's first price."""
    first: dict[int, Good] = {}
    for good in goods:
        first.setdefault(good.sku_id, good)
    return [replace(first[good.sku_id], line_no=good.line_no, qty=good.qty) for good in goods]


def _left(rng: Random) -> Left:
    return rng.choice((Left(0, "member_limit"), Left(1), Left(2), Left(None, fen=0), Left(None, fen=500)))


def _scope(rng: Random, goods: list[Good]) -> Scope:
    pick = rng.random()
    if pick < 0.4:
        return Scope()
    if pick < 0.7:
        return Scope(skus=frozenset(good.sku_id for good in goods if rng.random() < 0.6))
    return Scope(categories=frozenset(rng.sample(range(1, 5), 2)), not_skus=frozenset({rng.choice(goods).sku_id}))


def _rule(rng: Random, number: int, kind: Kind, goods: list[Good]) -> Rule:
    whole = sum(good.cost_fen(good.steps[0][1], good.qty) for good in goods)
    near = max(whole * rng.randint(40, 110) // 100 + rng.choice((-1, 0, 1)), 1)
    plain: dict[str, Any] = {
        "id": number,
        "version": rng.randint(1, 3),
        "kind": kind,
        "name": f"rule {number}",
        "from_ms": NOW_MS - rng.choice((0, 1, 1000)),
        "until_ms": NOW_MS + rng.choice((1, 1000)),
        "priority": rng.randint(0, 2),
        "group": rng.choice(("", "", "", "g")) if kind in PHASES_2_3 else "",
        "scope": _scope(rng, goods),
        "measured": rng.choice(("before", "before", "after")),
    }
    return Rule(**plain, **_terms(rng, kind, goods, near))


def _terms(rng: Random, kind: Kind, goods: list[Good], near: int) -> dict[str, Any]:
    skus = sorted({good.sku_id for good in goods})
    if kind in (Kind.MEMBER_PRICE, Kind.FLASH, Kind.CLEARANCE, Kind.SECKILL):
        how = rng.choice(("prices", "rate", "off"))
        cheap = {good.sku_id: good.steps[0][1] * rng.randint(50, 100) // 100 for good in goods if rng.random() < 0.7}
        terms: dict[str, Any] = {
            "prices": {"prices": cheap},
            "rate": {"rate_bp": rng.randint(6000, 9900)},
            "off": {"off_fen": 77},
        }
        return {
            **(terms[how] if how != "prices" or cheap else terms["off"]),
            "most_per_order": rng.choice((0, 0, 1, 3)),
        }
    if kind is Kind.NTH_RATE:
        n, rate = rng.randint(2, 3), rng.choice((5000, 8000, 0 + 1))
        return {"steps": ((n, rate),), "on": rng.choice(("all", "nth")), "across": rng.random() < 0.5}
    if kind is Kind.BUY_GET:
        return {"buy": rng.randint(1, 2), "get": rng.randint(1, 2), "across": rng.random() < 0.5}
    if kind is Kind.BUNDLE:
        parts = tuple((sku, rng.randint(1, 2)) for sku in rng.sample(skus, min(len(skus), 2)))
        return {"parts": parts, "price_fen": rng.randint(100, 9000), "most_per_order": rng.choice((0, 1))}
    if kind is Kind.AMOUNT_OFF:
        off = max(near * rng.randint(5, 30) // 100, 1)
        more: dict[str, Any] = {"every": True, "cap_fen": rng.choice((0, off * 2))} if rng.random() < 0.3 else {}
        steps = (
            ((near, off),) if more or rng.random() < 0.5 else ((max(near // 2, 1), max(off // 2, 1)), (near + 1, off))
        )
        return {"steps": steps, **more}
    if kind is Kind.AMOUNT_RATE:
        return {"steps": ((near, rng.randint(5000, 9800)),), "cap_fen": rng.choice((0, 0, 500))}
    if kind is Kind.ADD_ON:
        return {"steps": ((near, 0),), "prices": {rng.choice(skus): rng.randint(10, 900)}, "most_per_order": 1}
    return {"steps": ((near, 0),), **({"gifts": ((990, 1),)} if kind is Kind.GIFT else {})}


def _coupon(rng: Random, number: int, goods: list[Good]) -> Held:
    whole = sum(good.cost_fen(good.steps[0][1], good.qty) for good in goods)
    kind = rng.choice(
        (CouponKind.THRESHOLD_OFF, CouponKind.RATE, CouponKind.CASH, CouponKind.GOODS, CouponKind.FREIGHT)
    )
    cls = {CouponKind.GOODS: StackClass.GOODS, CouponKind.FREIGHT: StackClass.FREIGHT}.get(
        kind, rng.choice((StackClass.STORE, StackClass.PLATFORM))
    )
    threshold = 0 if kind in (CouponKind.CASH, CouponKind.GOODS) else whole * rng.randint(30, 100) // 100
    include: dict[str, Any] = {"include": {"skus": [rng.choice(goods).sku_id]}} if rng.random() < 0.3 else {}
    return Held(
        number, 1, f"coupon {number}", kind, cls, NOW - timedelta(1), NOW + timedelta(rng.randint(1, 3)),
        threshold, max(whole * rng.randint(1, 20) // 100, 1), rng.randint(5000, 9800), rng.choice((0, 300)),
        [{"sku_id": rng.choice(goods).sku_id, "qty": 1}] if kind is CouponKind.GOODS else (), include,
    )  # fmt: skip


def _shop_coupon(rng: Random, number: int) -> Held:
    threshold, off = rng.choice(((3000, 300), (5900, 800), (9900, 1500), (15000, 2000), (0, 200)))
    rate = rng.random() < 0.25
    return Held(
        number, 1, f"coupon {number}", CouponKind.RATE if rate else CouponKind.THRESHOLD_OFF,
        rng.choice((StackClass.STORE, StackClass.STORE, StackClass.PLATFORM)),
        NOW - timedelta(1), NOW + timedelta(rng.randint(1, 9)), threshold, off, 9000, 1000,
        (), {"include": {"categories": [rng.randint(1, 4)]}} if rng.random() < 0.3 else {},
    )  # fmt: skip


def _promotions(rng: Random, goods: list[Good]) -> tuple[Rule, ...]:
    some = [good.sku_id for good in goods if rng.random() < 0.2]
    price = {good.sku_id: good.steps[0][1] for good in goods}
    pair = tuple((good.sku_id, 1) for good in goods[:2])
    window: dict[str, Any] = {"from_ms": 0, "until_ms": NOW_MS * 2}
    rows: list[tuple[Kind, str, dict[str, Any]]] = [
        (
            Kind.MEMBER_PRICE,
            "会员95折",
            {"rate_bp": 9500, "members_only": True, "scope": Scope(categories=frozenset({1, 2}))},
        ),
        (Kind.MEMBER_PRICE, "会员日", {"rate_bp": 8800, "members_only": True, "month_days": (8,)}),
        (Kind.FLASH, "限时抢购", {"prices": {sku: price[sku] * 8 // 10 for sku in some}, "hours": ((600, 1320),)}),
        (Kind.SECKILL, "秒杀", {"prices": {sku: price[sku] // 2 for sku in some[:1]}, "most_per_order": 2}),
        (Kind.NTH_RATE, "第二件半价", {"steps": ((2, 5000),), "on": "nth", "scope": Scope(categories=frozenset({2}))}),
        (Kind.NTH_RATE, "3件8折", {"steps": ((3, 8000),), "across": True, "scope": Scope(categories=frozenset({3}))}),
        (Kind.BUY_GET, "买2送1", {"buy": 2, "get": 1, "scope": Scope(categories=frozenset({4}))}),
        (Kind.BUNDLE, "套餐", {"parts": pair, "price_fen": sum(price[sku] for sku, _ in pair) * 85 // 100}),
        (Kind.AMOUNT_OFF, "满减", {"steps": ((5000, 300), (10000, 1000), (20000, 3000))}),
        (Kind.AMOUNT_RATE, "满折", {"steps": ((6000, 9000),), "scope": Scope(categories=frozenset({4}))}),
        (Kind.GIFT, "满赠", {"steps": ((8800, 0),), "gifts": ((990, 1),)}),
        (Kind.FREE_SHIPPING, "包邮", {"steps": ((4900, 0),)}),
    ]
    return tuple(Rule(number, 1, kind, name, **window, **terms) for number, (kind, name, terms) in enumerate(rows, 1))
