"""What a quote is made of: the goods, the wishes, the priced lines and their shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from member.earning import Earned
from member.wallet_terms import Policy, Split
from trade.pricing.offers import Offers
from trade.pricing.promotions.counts import Use


@dataclass(frozen=True, slots=True)
class Item:
    """One sku as a store sells it now.  `free` is what may still be promised, pieces or grams.

    `steps` are its price by quantity, if there are any: from so many on, fen per piece or kg.
    """

    sku_id: int
    name: str
    spec: str
    unit: str
    weighed: bool
    picture: str
    unit_price_fen: int
    free: int
    category_id: int = 0
    steps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a cashier takes off a line, in fen, or the price of a unit (or kg) or of all of it; and why."""

    reason: str
    off_fen: int = 0
    unit_price_fen: int | None = None
    line_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """A basket line: pieces, or grams of a weighed sku; at the till perhaps cheaper `by hand`.

    `at_store_id` is the store that hands it over, where that is not the one that sells it; it changes no price.
    """

    sku_id: int
    qty: int
    hand: ByHand | None = None
    at_store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A line's part of one order-level deduction."""

    source: str
    amount_fen: int
    points: int
    source_id: int = 0
    version: int = 0

    def as_json(self) -> dict[str, Any]:
        """The share as it is stored and as both faces show it."""
        return {
            "source": self.source,
            "source_id": self.source_id,
            "version": self.version,
            "amount_fen": self.amount_fen,
            "points": self.points,
        }


@dataclass(slots=True)
class Line:
    """A priced basket line.  A `gift` was added by a promotion and costs nothing.

    `offer_unit_fen` is the exclusive price of each of its units, None when they have none or not the same.
    """

    line_no: int
    item: Item
    qty: int
    unit_price_fen: int
    list_fen: int
    net_fen: int
    gift: bool = False
    shares: list[Share] = field(default_factory=list)
    wallet: Split = field(default_factory=Split)
    earns_points: int = 0
    earn_basis_fen: int = 0
    offer_unit_fen: int | None = None
    at_store_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The line as both faces show it."""
        item = self.item
        return {
            "line_no": self.line_no,
            "sku_id": item.sku_id,
            "name": item.name,
            "spec": item.spec,
            "unit": item.unit,
            "weighed": item.weighed,
            "picture": item.picture,
            "free": item.free,
            "qty": self.qty,
            "unit_price_fen": self.unit_price_fen,
            "offer_unit_fen": self.offer_unit_fen,
            "list_fen": self.list_fen,
            "net_fen": self.net_fen,
            "gift": self.gift,
            "earns_points": self.earns_points,
            "allocations": [share.as_json() for share in self.shares],
        }


@dataclass(frozen=True, slots=True)
class Redeemable:
    """How many points may pay a basket: `least`, `most`, in steps of `step`; `most` is 0 when none may.

    `limit` says what keeps it from being more, and at `limit_points`: the member's `balance`, the `goods` (a share of
    what they cost), or what the terms let an `order` or a `day` take.  So a face can say why, and what is missing.
    """

    most: int
    least: int
    step: int
    limit: str
    limit_points: int

    def as_json(self) -> dict[str, Any]:
        """As the quote shows it."""
        return {
            "max_points": self.most,
            "min_points": self.least,
            "points_step": self.step,
            "points_limit": self.limit,
            "points_limit_at": self.limit_points,
        }


@dataclass(slots=True)
class Quote:
    """A basket with every fen explained: list - promotions - coupons - points - discount + freight = payable.

    Cash rounds what stored value leaves of it as the store's `cash_rounding` says: `rounding_fen`, signed, is the last
    row and no line's.  `brought_fen` of it is the money of goods brought back in exchange (`trade/orders/exchange/`).

    `trace` has a row a step, `why_not` one for each promotion that did nothing (`DECISIONS.md`).  `refused_coupons`
    were asked for and take nothing off: a quote shows why, a sale does not go through.  `uses` is what the promotions
    count, `rules_version` the book's.  `promotions` are those that took part, with what their tags say.  `way` says how
    the freight of what is brought or sent came about (`freight.py`), None of what is not.
    """

    lines: list[Line]
    list_fen: int
    coupon_fen: int
    discount_fen: int
    points_used: int
    points_fen: int
    payable_fen: int
    earns_points: int
    redeemable: Redeemable
    trace: list[dict[str, Any]]
    coupons: Offers
    coupon_ids: list[int]
    promotion_fen: int = 0
    freight_fen: int = 0
    why_not: list[dict[str, Any]] = field(default_factory=list)
    optimal: bool = True
    rules_version: int = 0
    uses: list[Use] = field(default_factory=list)
    promotions: list[dict[str, Any]] = field(default_factory=list)
    wallet: Split = field(default_factory=Split)
    policy: Policy = Policy.PROPORTIONAL
    earned: Earned = field(default_factory=Earned)
    tier: str | None = None
    terms_version: int | None = None
    cash_rounding: str = "none"
    rounding_fen: int = 0
    brought_fen: int = 0
    way: dict[str, Any] | None = None

    @property
    def due_fen(self) -> int:
        """What is left to pay beside stored value and goods that are brought back; in cash, rounded."""
        return self.payable_fen - self.wallet.total_fen + self.rounding_fen - self.brought_fen

    def as_json(self) -> dict[str, Any]:
        """The quote as both faces show it."""
        return {
            "lines": [line.as_json() for line in self.lines],
            "list_fen": self.list_fen,
            "promotion_fen": self.promotion_fen,
            "coupon_fen": self.coupon_fen,
            "discount_fen": self.discount_fen,
            "points_used": self.points_used,
            "points_fen": self.points_fen,
            "freight_fen": self.freight_fen,
            "payable_fen": self.payable_fen,
            "wallet_fen": self.wallet.total_fen,
            "wallet_principal_fen": self.wallet.principal_fen,
            "wallet_bonus_fen": self.wallet.bonus_fen,
            "cash_rounding": self.cash_rounding,
            "rounding_fen": self.rounding_fen,
            "brought_fen": self.brought_fen,
            "due_fen": self.due_fen,
            "earns_points": self.earns_points,
            "earns_over": self.earned.over,
            **self.redeemable.as_json(),
            "way": self.way,
            "promotions": self.promotions,
            "trace": self.trace,
            "why_not": self.why_not,
            "optimal": self.optimal,
            "rules_version": self.rules_version,
            "coupon_ids": self.coupon_ids,
            "coupons": list(self.coupons.offers),
            "refused_coupons": list(self.coupons.refused),
            "best_coupon_ids": list(self.coupons.best_ids),
        }


def add_gift(lines: list[Line], item: Item, qty: int, source: str, source_id: int, version: int = 0) -> None:
    """One more line, at nothing: a promotion or a coupon bears what it is worth."""
    worth_fen = item.unit_price_fen * qty
    gift = Line(len(lines) + 1, item, qty, item.unit_price_fen, worth_fen, 0, gift=True)
    gift.shares.append(Share(source, worth_fen, 0, source_id, version))
    lines.append(gift)
