"""Why does this basket cost what it costs?  Pure: basket and terms in, priced lines and their trace out.

Named intermediate prices of a line, in fen, in this order:

    list_fen       unit price x quantity (grams: price per kg, half up)
    after_coupons  list_fen less the line's share of each coupon that covers it (`member/coupons/worth.py`)
    after_points   after_coupons less the line's share of what points paid
    net_fen        after_points less the line's share of the manual discount; what the customer pays for the line

Each order-level deduction is split over the lines it covers in proportion to their price at that step, by largest
remainder, and stored (till-and-store-desk.md 3.1, which also gives this order).  Worked table: a coupon of 3.00 on
lines 1 and 2, 200 points (2.00), manual discount 1.00:

    line   list_fen   coupon share   after_coupons   points share   after_points   manual share   net_fen
    1          1990            200            1790            129           1661             64      1597
    2           990            100             890             64            826             32       794
    3           100              0             100              7             93              4        89
    sum        3080            300            2780            200           2580            100      2480
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.errors import Refused
from config.money import line_fen, split
from member.coupons.worth import At, Goods, Held, Weighed, weigh
from member.earning import Bought, Earned, Occasion, earned
from member.terms import Terms
from member.wallet_terms import Policy, Split


class NotForSale(Refused):
    """A sku of the basket has no price or is not sold in this store."""

    code = "not_for_sale"


class DiscountTooLarge(Refused):
    """The manual discount exceeds the basket or the role's limit."""

    code = "discount_too_large"


class PointsNotUsable(Refused):
    """The points wish breaks the step or the ceiling; `max_points` is what may be used now."""

    code = "points_not_usable"


class CouponNotUsable(Refused):
    """A coupon asked for takes nothing off this basket; `coupons` say why of each.  Nothing was sold."""

    code = "coupon_not_usable"


class PriceChanged(Refused):
    """The basket no longer costs what the customer was shown; the new figure is in the facts."""

    code = "price_changed"


@dataclass(frozen=True, slots=True)
class Item:
    """One sku as a store sells it now.  `free` is what may still be promised, pieces or grams."""

    sku_id: int
    name: str
    spec: str
    unit: str
    weighed: bool
    picture: str
    unit_price_fen: int
    free: int
    category_id: int = 0


@dataclass(frozen=True, slots=True)
class Want:
    """A basket line: pieces, or grams of a weighed sku."""

    sku_id: int
    qty: int


@dataclass(frozen=True, slots=True)
class Share:
    """A line's part of one order-level deduction."""

    source: str
    amount_fen: int
    points: int
    source_id: int = 0

    def as_json(self) -> dict[str, Any]:
        """The share as both faces show it."""
        return {
            "source": self.source,
            "source_id": self.source_id,
            "amount_fen": self.amount_fen,
            "points": self.points,
        }


@dataclass(slots=True)
class Line:
    """A priced basket line."""

    line_no: int
    item: Item
    qty: int
    list_fen: int
    net_fen: int
    shares: list[Share] = field(default_factory=list)
    wallet: Split = field(default_factory=Split)
    earns_points: int = 0
    earn_basis_fen: int = 0

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
            "unit_price_fen": item.unit_price_fen,
            "list_fen": self.list_fen,
            "net_fen": self.net_fen,
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
    """A basket with every fen explained: list - coupons - points - discount = payable.

    `refused_coupons` were asked for and take nothing off: a quote shows why, a sale does not go through.
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
    coupons: Weighed
    wallet: Split = field(default_factory=Split)
    policy: Policy = Policy.PROPORTIONAL
    earned: Earned = field(default_factory=Earned)
    tier: str | None = None
    terms_version: int | None = None

    @property
    def due_fen(self) -> int:
        """What is left to pay beside stored value."""
        return self.payable_fen - self.wallet.total_fen

    @property
    def coupon_ids(self) -> list[int]:
        """The coupons that take something off, in the order they apply."""
        return [held.id for held, _ in self.coupons.taken]

    def as_json(self) -> dict[str, Any]:
        """The quote as both faces show it."""
        return {
            "lines": [line.as_json() for line in self.lines],
            "list_fen": self.list_fen,
            "coupon_fen": self.coupon_fen,
            "discount_fen": self.discount_fen,
            "points_used": self.points_used,
            "points_fen": self.points_fen,
            "payable_fen": self.payable_fen,
            "wallet_fen": self.wallet.total_fen,
            "wallet_principal_fen": self.wallet.principal_fen,
            "wallet_bonus_fen": self.wallet.bonus_fen,
            "due_fen": self.due_fen,
            "earns_points": self.earns_points,
            "earns_over": self.earned.over,
            **self.redeemable.as_json(),
            "trace": self.trace,
            "coupon_ids": self.coupon_ids,
            "coupons": self.coupons.offers,
            "refused_coupons": self.coupons.refused,
            "best_coupon_ids": self.coupons.best_ids,
        }


def quote(
    items: Mapping[int, Item],
    wants: Sequence[Want],
    *,
    terms: Terms,
    tier: str | None,
    points_available: int = 0,
    points: int = 0,
    points_today: int = 0,
    discount_fen: int = 0,
    coupons: Sequence[Held] = (),
    coupon_ids: Sequence[int] = (),
    at: At | None = None,
) -> Quote:
    """Price a basket; what it earns is found by `earn`, when what its tenders pay of it is known.

    :param items: the store's skus by id; every wanted sku must be among them.
    :param tier: the member's tier, or None for a customer without a card, who earns nothing.
    :param points: how many points the member wants to spend; 0 for none.  They have spent `points_today` already.
    :param discount_fen: a manual discount on the whole order, in fen.
    :param coupons: what the member could use; `coupon_ids` those they want to, `at` where and when.
    :raises NotForSale, DiscountTooLarge, PointsNotUsable: the basket cannot be sold as asked.
    """
    lines = _listed(items, wants)
    list_fen = sum(line.list_fen for line in lines)
    trace = [{"seq": 1, "source": "list", "delta_fen": list_fen}]
    weighed = _use_coupons(lines, coupons, coupon_ids, at, trace)
    coupon_fen = sum(worth.off_fen for _, worth in weighed.taken)
    payable = [_redeemable(terms, line) for line in lines]
    may = _redeemable_points(terms, sum(payable), points_available if tier else 0, points_today)
    if points and (points > may.most or points % may.step or points < may.least):
        raise PointsNotUsable(max_points=may.most, step=may.step, min_points=may.least)
    points_fen = terms.worth_fen(points)
    _deduct(lines, "points", points_fen, points, trace, payable)
    left_fen = list_fen - coupon_fen - points_fen
    if not 0 <= discount_fen <= left_fen:
        raise DiscountTooLarge(max_fen=left_fen)
    _deduct(lines, "manual", discount_fen, 0, trace)
    figures = (list_fen, coupon_fen, discount_fen, points, points_fen, left_fen - discount_fen)
    return Quote(lines, *figures, 0, may, trace, weighed)


def _listed(items: Mapping[int, Item], wants: Sequence[Want]) -> list[Line]:
    missing = [want.sku_id for want in wants if want.sku_id not in items]
    if missing:
        raise NotForSale(sku_ids=missing)
    lines = []
    for number, want in enumerate(wants, start=1):
        item = items[want.sku_id]
        cost_fen = line_fen(item.unit_price_fen, want.qty, weighed=item.weighed)
        lines.append(Line(number, item, want.qty, cost_fen, cost_fen))
    return lines


def _use_coupons(
    lines: list[Line], coupons: Sequence[Held], asked: Sequence[int], at: At | None, trace: list[dict[str, Any]]
) -> Weighed:
    """Take off what the coupons asked for are worth on these very lines, class by class."""
    assert at is not None or not (coupons or asked), asked
    if at is None:
        return Weighed([], [], [], [])
    goods = [Goods(line.item.sku_id, line.item.category_id, line.qty, line.net_fen) for line in lines]
    weighed = weigh(coupons, asked, goods, at)
    for held, worth in weighed.taken:
        for line, share_fen in zip(lines, worth.shares, strict=True):
            if share_fen:
                line.net_fen -= share_fen
                line.shares.append(Share("coupon", share_fen, 0, held.id))
        step = {"source": "coupon", "source_id": held.id, "name": held.name, "delta_fen": -worth.off_fen}
        trace.append({"seq": len(trace) + 1, **step})
    return weighed


def earn(priced: Quote, terms: Terms, on: Occasion, non_earning_fen: Sequence[int] = ()) -> None:
    """Write what a priced basket brings its member on it and its lines.

    :param non_earning_fen: per line, what of its net is paid by tenders that earn nothing; empty for none.
    """
    goods = [
        Bought(line.item.sku_id, line.item.category_id, line.net_fen, fen)
        for line, fen in zip(priced.lines, non_earning_fen or [0] * len(priced.lines), strict=True)
    ]
    priced.earned = earned(terms, goods, on)
    priced.earns_points = priced.earned.points
    found = zip(priced.lines, priced.earned.per_line, priced.earned.line_basis_fen, strict=True)
    for line, points, basis_fen in found:
        line.earns_points, line.earn_basis_fen = points, basis_fen


def _redeemable(terms: Terms, line: Line) -> int:
    """What of a line points may pay."""
    item = line.item
    barred = item.sku_id in terms.redeem_excluded_sku_ids or item.category_id in terms.redeem_excluded_category_ids
    return 0 if barred else line.net_fen


def _redeemable_points(terms: Terms, net_fen: int, available: int, today: int) -> Redeemable:
    limits = {"balance": available, "goods": net_fen * terms.redeem_max_bp // 10_000 // terms.redeem_fen_per_point}
    if terms.redeem_max_per_order is not None:
        limits["order"] = terms.redeem_max_per_order
    if terms.redeem_max_per_day is not None:
        limits["day"] = max(terms.redeem_max_per_day - today, 0)
    step = terms.redeem_step
    least = -(-max(terms.redeem_min, 1) // step) * step
    limit = min(limits, key=lambda name: limits[name])
    most = limits[limit] // step * step
    return Redeemable(most if most >= least else 0, least, step, limit, limits[limit])


def _deduct(
    lines: list[Line],
    source: str,
    amount_fen: int,
    points: int,
    trace: list[dict[str, Any]],
    weights: Sequence[int] | None = None,
) -> None:
    """Spread one order-level deduction over the lines' price at this step, and write it in the trace."""
    if not amount_fen:
        return
    weights = [line.net_fen for line in lines] if weights is None else weights
    money, worth = split(amount_fen, weights), split(points, weights)
    for line, share_fen, share_points in zip(lines, money, worth, strict=True):
        if share_fen or share_points:
            line.net_fen -= share_fen
            line.shares.append(Share(source, share_fen, share_points))
    trace.append({"seq": len(trace) + 1, "source": source, "delta_fen": -amount_fen})
