"""What a merchant writes: a promotion as a form, checked whole before anything is kept.

Dates are the wall clock of `zone`, to the minute, and `ends` is the last minute in which the promotion runs: who
writes 23:59 means until the next 00:00, which is what is kept (`until_at`, exclusive).  Showing and saving again are
each other's inverse, so a date never moves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from config.clock import epoch_ms
from config.errors import Refused
from trade.pricing.promotions.book import from_ms
from trade.pricing.rules import Kind, Rule, Scope, rule_as_json, rule_from_json

MINUTE = timedelta(minutes=1)
Fen = Annotated[int, Field(gt=0, le=100_000_000)]
Bp = Annotated[int, Field(ge=1, le=10_000)]
Units = Annotated[int, Field(gt=0, le=1_000_000)]
Step = tuple[Annotated[int, Field(ge=0, le=100_000_000)], Annotated[int, Field(ge=0, le=100_000_000)]]


class PromotionNotSound(Refused):
    """The promotion contradicts itself; `fields` name what is wrong, each with the key of its sentence."""

    code, status = "promotion_not_sound", 422


def _fault(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, code)  # the sentence is in config/locale, by this code


def _unique(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise _fault("named_twice")
    return values


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _fault("unknown_zone") from error
    return name


def _to_the_minute(at: datetime) -> datetime:
    if at.second or at.microsecond:
        raise _fault("whole_minutes")
    return at


Ids = Annotated[list[PositiveInt], Field(max_length=10_000), AfterValidator(_unique)]
Codes = Annotated[list[Annotated[str, Field(min_length=1, max_length=20)]], AfterValidator(_unique)]
Wall = Annotated[NaiveDatetime, AfterValidator(_to_the_minute)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Goods(_Form):
    """Skus and categories."""

    skus: Ids = []
    categories: Ids = []


class Covers(_Form):
    """Which goods count: all, or those included, less those excluded."""

    include: Goods = Goods()
    exclude: Goods = Goods()


class Quotas(_Form):
    """How much of it there is, in units (phase 1), sets (phase 2) or orders; None is no limit."""

    total_units: Units | None = None
    member_units: Units | None = None
    day_units: Units | None = None
    store_units: Units | None = None
    budget_fen: Annotated[int, Field(gt=0, le=10**13)] | None = None


class Funding(_Form):
    """Who bears what it takes off, in basis points."""

    hq_bp: int = Field(10_000, ge=0, le=10_000)
    store_bp: int = Field(0, ge=0, le=10_000)
    supplier_bp: int = Field(0, ge=0, le=10_000)

    @model_validator(mode="after")
    def whole(self) -> Funding:
        """They bear all of it."""
        if self.hq_bp + self.store_bp + self.supplier_bp != 10_000:
            raise _fault("funding_not_whole")
        return self


class Draft(_Form):
    """A promotion as it is written; `DECISIONS.md` of pricing has the fields by kind."""

    name: str = Field(min_length=1, max_length=40)
    kind: Kind
    priority: int = Field(0, ge=-1000, le=1000)
    group: str = Field("", max_length=20)
    measured: Literal["before", "after"] = "before"
    scope: Covers = Covers()
    store_ids: Ids = []
    channels: Annotated[list[Literal["till", "mall"]], AfterValidator(_unique)] = []
    members_only: bool = False
    tiers: Codes = []
    segment_ids: Ids = []
    starts: Wall
    ends: Wall
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], AfterValidator(_unique)] = []
    month_days: Annotated[list[Annotated[int, Field(ge=1, le=31)]], AfterValidator(_unique)] = []
    hours: list[tuple[Annotated[int, Field(ge=0, le=1439)], Annotated[int, Field(ge=1, le=1440)]]] = []
    most_per_order: int = Field(0, ge=0, le=1_000_000)
    on_return: Literal["keep", "re_evaluate"] = "keep"
    prices: dict[PositiveInt, Fen] = Field({}, max_length=5_000)
    rate_bp: Bp | Literal[0] = 0
    off_fen: Fen | Literal[0] = 0
    steps: list[Step] = Field([], max_length=10)
    on: Literal["all", "nth"] = "all"
    across: bool = False
    buy: int = Field(0, ge=0, le=1000)
    get: int = Field(0, ge=0, le=1000)
    parts: list[tuple[PositiveInt, Annotated[int, Field(ge=1, le=100)]]] = Field([], max_length=20)
    price_fen: Fen | Literal[0] = 0
    every: bool = False
    cap_fen: int = Field(0, ge=0, le=100_000_000)
    gifts: list[tuple[PositiveInt, Annotated[int, Field(ge=1, le=100)]]] = Field([], max_length=10)
    people: int = Field(0, ge=0, le=100)
    fill_minutes: int = Field(0, ge=0, le=7 * 24 * 60)
    quotas: Quotas = Quotas()
    funding: Funding = Funding()

    @model_validator(mode="after")
    def sound(self) -> Draft:
        """No part contradicts another, and only what the kind knows is said."""
        if self.until_at <= self.from_at:
            raise _fault("ends_before_it_starts")
        if any(begin >= end for begin, end in self.hours):
            raise _fault("hours_backwards")
        if not self.for_members and self.quotas.member_units:
            raise _fault("member_limit_for_all")
        said = {name for name in _OF_KIND if getattr(self, name) != Draft.model_fields[name].default}
        if said - FIELDS[self.kind]:
            raise _fault("not_of_this_kind")
        _check_kind(self)
        return self

    @property
    def for_members(self) -> bool:
        """Whether only members get it."""
        return self.members_only or bool(self.tiers or self.segment_ids) or self.kind in (Kind.MEMBER_PRICE, Kind.GROUP)

    @property
    def from_at(self) -> datetime:
        """When it begins."""
        return self.starts.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def until_at(self) -> datetime:
        """When it is over: the end of its last minute."""
        return self.ends.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC) + MINUTE

    def as_rule(self, promotion_id: int, version: int) -> Rule:
        """The rule it becomes when it is published."""
        plain = self.model_dump(mode="json", exclude={"quotas", "funding", "starts", "ends", "zone"})
        window = {"from_ms": epoch_ms(self.from_at), "until_ms": epoch_ms(self.until_at)}
        more = {"id": promotion_id, "version": version, "members_only": self.for_members}
        return rule_from_json(plain | window | more)


_TIERED: Mapping[Kind, Callable[[list[Step]], bool]] = {
    Kind.NTH_RATE: lambda steps: all(n >= 1 and 1 <= rate <= 10_000 for n, rate in steps),
    Kind.AMOUNT_OFF: lambda steps: all(0 < off <= threshold for threshold, off in steps) and _rises(steps, 1),
    Kind.AMOUNT_RATE: lambda steps: all(1 <= rate <= 10_000 for _, rate in steps) and _rises(steps, -1),
    **dict.fromkeys((Kind.ADD_ON, Kind.GIFT, Kind.FREE_SHIPPING), lambda steps: [off for _, off in steps] == [0]),
}
_UNIT_PRICE = {"prices", "rate_bp", "off_fen"}
FIELDS: Mapping[Kind, set[str]] = {
    **dict.fromkeys((Kind.MEMBER_PRICE, Kind.FLASH, Kind.CLEARANCE, Kind.SECKILL), _UNIT_PRICE),
    Kind.GROUP: {"prices", "people", "fill_minutes"},
    Kind.NTH_RATE: {"steps", "on", "across"},
    Kind.BUY_GET: {"buy", "get", "across"},
    Kind.BUNDLE: {"parts", "price_fen"},
    Kind.AMOUNT_OFF: {"steps", "every", "cap_fen"},
    Kind.AMOUNT_RATE: {"steps", "cap_fen"},
    Kind.ADD_ON: {"steps", "prices"},
    Kind.GIFT: {"steps", "gifts"},
    Kind.FREE_SHIPPING: {"steps"},
}
"""What each kind says beside what all say; anything else set is a mistake."""
_OF_KIND = set().union(*FIELDS.values())


def _rises(steps: list[Step], sign: int) -> bool:
    worth = [sign * second for _, second in steps]
    return worth == sorted(set(worth))


def _check_kind(draft: Draft) -> None:
    kind = draft.kind
    if kind in _TIERED:
        thresholds = [first for first, _ in draft.steps]
        if not draft.steps or thresholds != sorted(set(thresholds)):
            raise _fault("steps_ascend")
        if not _TIERED[kind](draft.steps):
            raise _fault("steps_worth")
        if draft.every and len(draft.steps) > 1:
            raise _fault("every_has_one_step")
    wrong = {
        "one_price": FIELDS[kind] is _UNIT_PRICE and sum(map(bool, (draft.prices, draft.rate_bp, draft.off_fen))) != 1,
        "buy_and_get": kind is Kind.BUY_GET and not (draft.buy and draft.get),
        "parts": kind is Kind.BUNDLE and (not draft.price_fen or sum(qty for _, qty in draft.parts) < 2),
        "named_twice": any(len({sku for sku, _ in of}) != len(of) for of in (draft.parts, draft.gifts)),
        "add_on_prices": kind is Kind.ADD_ON and not (draft.prices and draft.most_per_order),
        "gifts": kind is Kind.GIFT and not draft.gifts,
        "group_terms": kind is Kind.GROUP and not (draft.prices and draft.people >= 2 and draft.fill_minutes),
    }
    for code, is_wrong in wrong.items():
        if is_wrong:
            raise _fault(code)


def understood(form: Mapping[str, Any]) -> Draft:
    """A promotion as it was written, or why it is none.

    :raises PromotionNotSound: every fault by the place it is in; `fault.<code>` is its sentence.
    """
    try:
        return Draft.model_validate(form)
    except ValidationError as error:
        fields = {
            ".".join(str(part) for part in fault["loc"]) or "promotion": fault["type"] for fault in error.errors()
        }
        known = {where: code if code in FAULTS else "value" for where, code in fields.items()}
        raise PromotionNotSound(fields=known) from error


FAULTS = frozenset({
    "value", "named_twice", "unknown_zone", "whole_minutes", "funding_not_whole", "ends_before_it_starts",
    "hours_backwards", "member_limit_for_all", "not_of_this_kind", "steps_ascend", "steps_worth", "every_has_one_step",
    "one_price", "buy_and_get", "parts", "add_on_prices", "gifts", "group_terms", "unknown_sku", "unknown_category",
    "unknown_store", "unknown_segment",
})  # fmt: skip
"""What may be wrong with a promotion; each has its sentence in `config/locale`."""


def as_written(version: Any) -> Draft:
    """The form again that a published version was made of: an edit begins with it."""
    rule, zone = rule_from_json(version.body | {"id": 1, "version": 1}), ZoneInfo(version.zone)
    body = {name: value for name, value in rule_as_json(rule).items() if name in Draft.model_fields}
    shown = {
        "starts": from_ms(rule.from_ms).astimezone(zone).replace(tzinfo=None),
        "ends": (from_ms(rule.until_ms) - MINUTE).astimezone(zone).replace(tzinfo=None),
    }
    quotas = {name: getattr(version, name) for name in Quotas.model_fields}
    funding = {name: getattr(version, name) for name in Funding.model_fields}
    return Draft.model_validate(body | shown | {"zone": version.zone, "quotas": quotas, "funding": funding})


__all__ = ["FAULTS", "Draft", "Funding", "PromotionNotSound", "Quotas", "Scope", "as_written", "understood"]
