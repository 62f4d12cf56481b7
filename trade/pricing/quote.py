"""Why does this basket cost what it costs?  Pure: basket and terms in, priced lines and their trace out.

`DECISIONS.md` has the algorithm and its named intermediate prices.  Here the engine's phases 0 to 4 and 6 are joined
by points and the manual discount, each split over the lines it covers in proportion to their price at that step, by
largest remainder, and stored (till-and-store-desk.md 3.1, which also gives this order).  Worked table: a coupon of 3.00
on lines 1 and 2, 200 points (2.00), manual discount 1.00:

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
from config.money import split
from member.coupons.worth import At, Held
from member.earning import Bought, Occasion, earned
from member.terms import Terms
from trade.pricing import by_hand, gift_coupons, ladders, multi
from trade.pricing.case import Wish
from trade.pricing.engine import Priced, Purse, price
from trade.pricing.offers import Offers
from trade.pricing.promotions.counts import Use
from trade.pricing.quoted import Item, Line, Quote, Redeemable, Share, Want, add_gift
from trade.pricing.rules import NO_RULES, Here, Left, Rule, RuleBook
from trade.pricing.segments import Good
from trade.pricing.tags import tag


class NotForSale(Refused):
    """A sku of the basket has no price or is not sold in this store."""

    code = "not_for_sale"


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
class Promoted:
    """What promotions there are for a basket: the book, where and for whom, what quotas hold, which are not wanted."""

    book: RuleBook = NO_RULES
    here: Here | None = None
    left: Mapping[int, Left] = field(default_factory=dict)
    barred: frozenset[int] = frozenset()


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
    coupon_ids: Sequence[int] | None = (),
    at: At | None = None,
    promoted: Promoted = Promoted(),
    freight_fen: int = 0,
    explain: bool = False,
) -> Quote:
    """Price a basket; what it earns is found by `earn`, when what its tenders pay of it is known.

    :param items: the store's skus by id, gifts among them; every wanted sku must be among them.
    :param tier: the member's tier, or None for a customer without a card, who earns nothing.
    :param points: how many points the member wants to spend; 0 for none.  They have spent `points_today` already.
    :param discount_fen: a manual discount on the whole order, in fen, beside those on lines (`Want.hand`).
    :param coupons: what the member could use; `coupon_ids` those they want to (None: the best), `at` where and when.
    :param freight_fen: what bringing or sending it would cost.
    :param explain: also what each other promotion and coupon would cost; a search each.
    :raises NotForSale, DiscountTooLarge, PointsNotUsable: the basket cannot be sold as asked.
    """
    found, lines, told, offers, given = _goods_priced(
        items, wants, coupons, coupon_ids, at, promoted, freight_fen, explain=explain
    )
    why_not = [*found.why_not, *told]
    list_fen = sum(line.list_fen for line in lines)
    trace = _trace(list_fen, found, lines)
    promotion_fen, coupon_fen = _sum(lines, "promotion"), _sum(lines, "coupon")
    may, payable = _may_redeem(terms, lines, found, points_available if tier else 0, points_today)
    if points and (points > may.most or points % may.step or points < may.least):
        raise PointsNotUsable(max_points=may.most, step=may.step, min_points=may.least)
    points_fen = terms.worth_fen(points)
    _deduct(lines, "points", points_fen, points, trace, payable)
    hand_fen = by_hand.deduct(lines, wants, discount_fen, trace)
    net_fen = sum(line.net_fen for line in lines)
    figures = (list_fen, coupon_fen, hand_fen, points, points_fen, net_fen + found.freight_fen)
    more = (promotion_fen, found.freight_fen, why_not, found.optimal, promoted.book.version)
    counted = _used(promoted.book, _uses(promoted.book, found, lines))
    return Quote(lines, *figures, 0, may, trace, offers, [*found.coupon_ids, *given], *more, *counted)


def _goods_priced(
    items: Mapping[int, Item],
    wants: Sequence[Want],
    coupons: Sequence[Held],
    coupon_ids: Sequence[int] | None,
    at: At | None,
    promoted: Promoted,
    freight_fen: int,
    *,
    explain: bool,
) -> tuple[Priced, list[Line], list[dict[str, Any]], Offers, list[int]]:
    """Phases 0 to 4: the engine's answer, its lines with gifts, what is told of them, and the coupons."""
    gifts, others = gift_coupons.apart(coupons)
    ids = None if coupon_ids is None else tuple(one for one in coupon_ids if one not in [held.id for held in gifts])
    wished = Wish(ids, promoted.barred)
    goods = _goods(items, wants)
    purse = Purse(others, at)
    found = price(
        goods,
        promoted.book,
        promoted.here,
        left=promoted.left,
        purse=purse,
        wish=wished,
        freight_fen=freight_fen,
        explain=explain,
    )
    lines = _lines(items, wants, found, promoted.book)
    told = _add_gifts(lines, items, found)
    used = [held for held in others if held.id in found.coupon_ids]
    offers, given = gift_coupons.use(lines, items, gifts, coupon_ids, at, found.coupons, used)
    return found, lines, told, offers, given


def _goods(items: Mapping[int, Item], wants: Sequence[Want]) -> list[Good]:
    missing = [want.sku_id for want in wants if want.sku_id not in items]
    if missing:
        raise NotForSale(sku_ids=missing)
    goods = []
    for number, want in enumerate(wants, start=1):
        item = items[want.sku_id]
        steps = item.steps if item.steps and item.steps[0][0] <= 1 else ((1, item.unit_price_fen), *item.steps)
        goods.append(Good(number, item.sku_id, item.category_id, want.qty, item.weighed, steps))
    return goods


def _lines(items: Mapping[int, Item], wants: Sequence[Want], found: Priced, book: RuleBook) -> list[Line]:
    lines = [
        Line(number, items[want.sku_id], want.qty, unit_fen, list_fen, net_fen, at_store_id=want.at_store_id)
        for number, (want, unit_fen, list_fen, net_fen) in enumerate(
            zip(wants, found.units_fen, found.list_fen, found.nets_fen, strict=True), start=1
        )
    ]
    for step in found.steps:
        for line, share_fen in zip(lines, step.shares, strict=True):
            if share_fen:
                line.shares.append(Share(step.source, share_fen, 0, step.source_id, step.version))
    prices = {rule.id: rule for rule in book.rules if rule.phase == 1}
    for number, line in enumerate(lines if prices else ()):
        own = {segment.rule_id for segment in found.plan.segments if segment.line == number}
        if len(own) == 1 and (rule := prices.get(own.pop())):
            line.offer_unit_fen = ladders.unit_fen(rule, line.item.sku_id, line.unit_price_fen)
    return lines


def _used(book: RuleBook, uses: list[Use]) -> tuple[list[Use], list[dict[str, Any]]]:
    """What is counted, and what is said of it."""
    off = {use.promotion_id: use.off_fen for use in uses}
    return uses, [{**tag(rule), "off_fen": off[rule.id]} for rule in book.rules if rule.id in off]


def _add_gifts(lines: list[Line], items: Mapping[int, Item], found: Priced) -> list[dict[str, Any]]:
    """满赠 adds lines at 0; what is not there is told and left out, never dropped in silence (3.6.1)."""
    told = []
    for rule, sku_id, qty in found.gifts:
        item = items.get(sku_id)
        wanted = sum(line.qty for line in lines if line.item.sku_id == sku_id)
        if item is None or item.free < wanted + qty:
            head = {"rule_id": rule.id, "version": rule.version, "kind": rule.kind.value, "name": rule.name}
            told.append(head | {"code": "gift_out_of_stock", "sku_id": sku_id})
            continue
        add_gift(lines, item, qty, "promotion", rule.id, rule.version)
    return told


def _trace(list_fen: int, found: Priced, lines: Sequence[Line]) -> list[dict[str, Any]]:
    trace: list[dict[str, Any]] = [{"seq": 1, "source": "list", "delta_fen": list_fen}]
    trace += [step.as_json(seq) for seq, step in enumerate(found.steps, start=2)]
    return trace + _gift_steps(lines, len(trace))


def _gift_steps(lines: Sequence[Line], seq: int) -> list[dict[str, Any]]:
    gifts = [line for line in lines if line.gift]
    return [
        {
            "seq": seq + number,
            "phase": 3,
            "source": line.shares[0].source,
            "source_id": line.shares[0].source_id,
            "version": line.shares[0].version,
            "name": line.item.name,
            "units": line.qty,
            "base_fen": line.list_fen,
            "delta_fen": -line.list_fen,
            "shares": [line.list_fen if one is line else 0 for one in lines],
        }
        for number, line in enumerate(gifts, start=1)
    ]


def _sum(lines: Sequence[Line], source: str) -> int:
    return sum(share.amount_fen for line in lines for share in line.shares if share.source == source)


def _uses(book: RuleBook, found: Priced, lines: Sequence[Line]) -> list[Use]:
    """What each promotion counts: pieces or grams (phase 1), sets (phase 2), else one order; and what it took off."""
    rules: dict[int, Rule] = {rule.id: rule for rule in book.rules}
    uses = []
    for step in found.steps:
        if step.source == "promotion" and step.source_id:
            rule = rules[step.source_id]
            units = step.units if rule.phase == 1 else multi.sets(rule, step.units) if rule.phase == 2 else 1
            uses.append(Use(rule.id, rule.version, units, step.off_fen))
    gifts: dict[int, int] = {}
    for line in lines:
        if line.gift and line.shares[0].source == "promotion":
            gifts[line.shares[0].source_id] = gifts.get(line.shares[0].source_id, 0) + line.list_fen
    return uses + [Use(rule_id, rules[rule_id].version, 1, fen) for rule_id, fen in gifts.items()]


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


def _may_redeem(
    terms: Terms, lines: Sequence[Line], found: Priced, available: int, today: int
) -> tuple[Redeemable, list[int]]:
    """How many points may pay, and what of each line they may pay; nothing of a gift."""
    open_fen = [*found.points_fen, *(0 for line in lines if line.gift)]
    payable = [min(_redeemable(terms, line), fen) for line, fen in zip(lines, open_fen, strict=True)]
    return _redeemable_points(terms, sum(payable), available, today), payable


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


PHASE = {"points": 5, "manual": 7}


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
    trace.append(
        {
            "seq": len(trace) + 1,
            "phase": PHASE[source],
            "source": source,
            "base_fen": sum(weights),
            "delta_fen": -amount_fen,
            "shares": money,
        }
    )
