"""What a promotion says: one immutable version of it, as the engine reads it.  `DECISIONS.md` has the fields by kind.

The words of `Kind` are the trade's, in its order: 会员价, 限时抢购, 清仓价, 秒杀, 拼团价; N件折 and 第二件半价,
买X送Y, 组合套餐; 满减, 满折, 加价购, 满赠; 包邮.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a rule does."""

    MEMBER_PRICE = "member_price"
    FLASH = "flash"
    CLEARANCE = "clearance"
    SECKILL = "seckill"
    GROUP = "group"
    NTH_RATE = "nth_rate"
    BUY_GET = "buy_get"
    BUNDLE = "bundle"
    AMOUNT_OFF = "amount_off"
    AMOUNT_RATE = "amount_rate"
    ADD_ON = "add_on"
    GIFT = "gift"
    FREE_SHIPPING = "free_shipping"


PHASE = {
    Kind.MEMBER_PRICE: 1,
    Kind.FLASH: 1,
    Kind.CLEARANCE: 1,
    Kind.SECKILL: 1,
    Kind.GROUP: 1,
    Kind.NTH_RATE: 2,
    Kind.BUY_GET: 2,
    Kind.BUNDLE: 2,
    Kind.AMOUNT_OFF: 3,
    Kind.AMOUNT_RATE: 3,
    Kind.ADD_ON: 3,
    Kind.GIFT: 3,
    Kind.FREE_SHIPPING: 6,
}

STACK = {
    Kind.MEMBER_PRICE: "member",
    Kind.FLASH: "flash",
    Kind.CLEARANCE: "flash",
    Kind.SECKILL: "seckill",
    Kind.GROUP: "seckill",
    Kind.NTH_RATE: "multi",
    Kind.BUY_GET: "multi",
    Kind.BUNDLE: "multi",
    Kind.AMOUNT_OFF: "activity",
    Kind.AMOUNT_RATE: "activity",
    Kind.ADD_ON: "add_on",
    Kind.GIFT: "gift",
    Kind.FREE_SHIPPING: "shipping",
}

LATER = ("activity", "add_on", "gift", "goods", "store", "platform", "points")
"""What may be kept off a segment by its class; shipping never is.  The coupon classes have their own names."""

STACKING = tuple(("seckill", later) for later in LATER)
"""The default table of 3.6.2 as excluded pairs (class of a segment, later deduction)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which goods a rule covers: all, or those included by sku or category, less those excluded."""

    skus: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    not_skus: frozenset[int] = frozenset()
    not_categories: frozenset[int] = frozenset()

    def covers(self, sku_id: int, category_id: int) -> bool:
        """Whether the scope holds a sku of this category."""
        if sku_id in self.not_skus or category_id in self.not_categories:
            return False
        return not (self.skus or self.categories) or sku_id in self.skus or category_id in self.categories


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Rule:
    """One published version of a promotion.  Steps ascend; an empty list of stores, channels, tiers, days means all.

    A group price (拼团) counts once `people` members paid, within `fill_minutes` of the first.
    """

    id: int
    version: int
    kind: Kind
    name: str
    from_ms: int
    until_ms: int
    priority: int = 0
    group: str = ""
    measured: str = "before"
    scope: Scope = EVERYTHING
    store_ids: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    members_only: bool = False
    tiers: tuple[str, ...] = ()
    segment_ids: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    most_per_order: int = 0
    on_return: str = "keep"
    prices: Mapping[int, int] = field(default_factory=dict)
    rate_bp: int = 0
    off_fen: int = 0
    steps: tuple[tuple[int, int], ...] = ()
    on: str = "all"
    across: bool = False
    buy: int = 0
    get: int = 0
    parts: tuple[tuple[int, int], ...] = ()
    price_fen: int = 0
    every: bool = False
    cap_fen: int = 0
    gifts: tuple[tuple[int, int], ...] = ()
    people: int = 0
    fill_minutes: int = 0

    @property
    def phase(self) -> int:
        """When it takes its turn."""
        return PHASE[self.kind]

    @property
    def stack(self) -> str:
        """Its class in the stacking table."""
        return STACK[self.kind]

    def covers(self, sku_id: int, category_id: int) -> bool:
        """Whether the goods count for it: its scope, and the skus it names a price or a part for."""
        if self.kind is Kind.BUNDLE:
            return any(sku_id == part for part, _ in self.parts)
        if self.prices and self.phase == 1:
            return sku_id in self.prices
        return self.scope.covers(sku_id, category_id)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that may matter, one version of the whole: what a till keeps and a sale is stamped with.

    `member_and_flash` says which of the two exclusive prices a unit gets: the `best`, or the activity `first`.
    """

    version: int = 0
    rules: tuple[Rule, ...] = ()
    mode: str = "best"
    member_and_flash: str = "best"
    stacking: tuple[tuple[str, str], ...] = STACKING


NO_RULES = RuleBook()


@dataclass(frozen=True, slots=True)
class Here:
    """Where, when and for whom a basket is priced.  The local parts are the store's; `tier` None is no member."""

    store_id: int
    channel: str
    now_ms: int
    weekday: int
    month_day: int
    minute: int
    tier: str | None = None
    segment_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """What a rule may still give: units (phase 1), sets (phase 2) or orders; None is no limit.  `why` when it is 0.

    `fen` is what its budget still holds.
    """

    units: int | None = None
    why: str = "quota_used"
    fen: int | None = None


UNLIMITED = Left()


def rule_from_json(body: Mapping[str, Any]) -> Rule:
    """A rule as it was stored or sent to a till; unknown fields are our own mistake."""
    plain = {key: value for key, value in body.items() if key not in _SHAPED}
    shaped = {key: shape(body[key]) for key, shape in _SHAPED.items() if key in body}
    return Rule(**plain, **shaped)


def rule_as_json(rule: Rule) -> dict[str, Any]:
    """The other way round; fields at their default are left out."""
    body: dict[str, Any] = {}
    for name in Rule.__dataclass_fields__:
        value = getattr(rule, name)
        if name in ("id", "version", "kind", "name", "from_ms", "until_ms") or value != _DEFAULTS[name]:
            body[name] = value
    if "scope" in body:
        scope = rule.scope
        body["scope"] = {
            "include": {"skus": sorted(scope.skus), "categories": sorted(scope.categories)},
            "exclude": {"skus": sorted(scope.not_skus), "categories": sorted(scope.not_categories)},
        }
    if "prices" in body:
        body["prices"] = {str(sku): fen for sku, fen in sorted(rule.prices.items())}
    return body


def book_from_json(body: Mapping[str, Any]) -> RuleBook:
    """A rule book as a till keeps it."""
    return RuleBook(
        body["version"],
        tuple(rule_from_json(rule) for rule in body["rules"]),
        body["mode"],
        body["member_and_flash"],
        _pairs(body["stacking"]),
    )


def book_as_json(book: RuleBook) -> dict[str, Any]:
    """The other way round."""
    return {
        "version": book.version,
        "rules": [rule_as_json(rule) for rule in book.rules],
        "mode": book.mode,
        "member_and_flash": book.member_and_flash,
        "stacking": [list(pair) for pair in book.stacking],
    }


def _scope(body: Mapping[str, Any]) -> Scope:
    include, exclude = body.get("include") or {}, body.get("exclude") or {}
    return Scope(
        frozenset(include.get("skus") or ()),
        frozenset(include.get("categories") or ()),
        frozenset(exclude.get("skus") or ()),
        frozenset(exclude.get("categories") or ()),
    )


def _pairs(body: Any) -> tuple[Any, ...]:
    return tuple(tuple(pair) for pair in body)


def _prices(body: Mapping[str, int]) -> dict[int, int]:
    return {int(sku): fen for sku, fen in body.items()}


_SHAPED: dict[str, Any] = {
    "kind": Kind,
    "scope": _scope,
    "prices": _prices,
    **dict.fromkeys(("store_ids", "channels", "tiers", "segment_ids", "weekdays", "month_days"), tuple),
    **dict.fromkeys(("hours", "steps", "parts", "gifts"), _pairs),
}
_DEFAULTS: dict[str, Any] = {
    name: {} if name == "prices" else f.default for name, f in Rule.__dataclass_fields__.items()
}
