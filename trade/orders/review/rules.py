"""What holds an order for a person to look at: pure, over the facts of the order and rules that are data.

| reason | holds when | set by |
|---|---|---|
| remark | longer than `remark_longest`, or one of `remark_words` is in it | the customer's note |
| floor | a line before points and coupons is below `floor_bp` of its list price; a gift never | a mistaken price |
| duplicate | the member paid for the same goods at most `duplicate_minutes` before | two taps, two phones |
| risk | above `limit_fen`, or above `new_limit_fen` by somebody who joined within `new_days` and never bought | fraud |
| address | the district's code begins with one of `regions_by_hand` | far places, sealed-off places |
| unmapped_sku, credit, and any of these | a part that knows more flagged it before | intake, credit, risk |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from config.errors import Refused
from trade.orders.review.states import REASONS

Reasons = list[dict[str, Any]]
WORDS = (
    "过敏",
    "发票",
    "替换",
    "换成",
    "不要",
    "代收",
    "电话",
    "退款",
    "allerg",
    "invoice",
    "instead",
    "refund",
    "call me",
)


class ReviewTermsNotSound(Refused):
    """The rules of review contradict themselves; `fields` names each fault."""

    code, status = "review_terms_not_sound", 422


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Terms:
    """How strict review is.  Money in fen, `floor_bp` in basis points of the list price; 0 switches a rule off."""

    remark_longest: int = 40
    remark_words: tuple[str, ...] = WORDS
    floor_bp: int = 1000
    duplicate_minutes: int = 10
    new_days: int = 7
    new_limit_fen: int = 100_000
    limit_fen: int = 500_000
    regions_by_hand: tuple[str, ...] = ()

    def check(self) -> None:
        """:raises ReviewTermsNotSound: with the faults."""
        wrong = {name for name, value in vars_of(self).items() if isinstance(value, int) and value < 0}
        wrong |= {"floor_bp"} if self.floor_bp > 10_000 else set()
        wrong |= {"duplicate_minutes"} if self.duplicate_minutes > 24 * 60 else set()
        wrong |= set() if all(word.strip() for word in self.remark_words) else {"remark_words"}
        wrong |= set() if all(one.isdigit() for one in self.regions_by_hand) else {"regions_by_hand"}
        if wrong:
            raise ReviewTermsNotSound(fields=dict.fromkeys(sorted(wrong), "value"))


def vars_of(terms: Terms) -> dict[str, Any]:
    """As plain JSON, the way it is kept."""
    return dict(_SHAPE.dump_python(terms, mode="json"))


def understood(body: Mapping[str, Any]) -> Terms:
    """Rules from JSON; what is left out is as the product comes.  Raises ReviewTermsNotSound."""
    try:
        terms = _SHAPE.validate_python(dict(body))
    except ValidationError as error:
        raise ReviewTermsNotSound(fields={str(fault["loc"][0]): "value" for fault in error.errors()}) from error
    terms.check()
    return terms


_SHAPE: TypeAdapter[Terms] = TypeAdapter(Terms)


@lru_cache(maxsize=8)
def parsed(body: str) -> Terms:
    """The rules in force, from their kept text."""
    return _SHAPE.validate_json(body)


@dataclass(frozen=True, slots=True)
class Facts:
    """What review looks at.  `cheap` are (line, net, list) below the floor, `same_as` orders with the same goods."""

    remark: str
    payable_fen: int
    placed_at: datetime
    cheap: Sequence[tuple[int, int, int]] = ()
    same_as: Sequence[str] = ()
    joined_at: datetime | None = None
    bought: bool = False
    region: str = ""
    flags: Sequence[Mapping[str, Any]] = ()


def reasons(facts: Facts, terms: Terms) -> Reasons:
    """Every reason to hold the order, in the order of `states.REASONS`; none lets it pass."""
    found: Reasons = [dict(flag) for flag in facts.flags]
    remark = facts.remark.lower()
    if word := next((word for word in terms.remark_words if word.lower() in remark), None):
        found.append({"reason": "remark", "word": word})
    elif terms.remark_longest and len(remark) > terms.remark_longest:
        found.append({"reason": "remark", "length": len(remark)})
    found += [
        {"reason": "floor", "line_no": line_no, "net_fen": net_fen, "list_fen": list_fen}
        for line_no, net_fen, list_fen in facts.cheap
    ]
    if facts.same_as:
        found.append({"reason": "duplicate", "of": list(facts.same_as), "minutes": terms.duplicate_minutes})
    found += _risk(facts, terms)
    if facts.region and facts.region.startswith(terms.regions_by_hand):
        found.append({"reason": "address", "region": facts.region})
    order = list(REASONS)
    return sorted(found, key=lambda one: order.index(one["reason"]))


def _risk(facts: Facts, terms: Terms) -> Reasons:
    new = facts.joined_at is not None and facts.placed_at - facts.joined_at < timedelta(days=terms.new_days)
    if terms.limit_fen and facts.payable_fen > terms.limit_fen:
        return [{"reason": "risk", "payable_fen": facts.payable_fen, "limit_fen": terms.limit_fen, "new": False}]
    if terms.new_limit_fen and new and not facts.bought and facts.payable_fen > terms.new_limit_fen:
        return [{"reason": "risk", "payable_fen": facts.payable_fen, "limit_fen": terms.new_limit_fen, "new": True}]
    return []
