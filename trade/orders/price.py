"""What a basket costs: the one function behind till, cart, order and trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.errors import Refused
from member import points, segments, wallet, wallet_terms
from member.coupons import read as coupons
from member.coupons.states import Kind as CouponKind
from member.coupons.worth import At, Held
from member.earning import Occasion
from member.terms import terms_at
from trade.orders import seckill, ways
from trade.orders.ways import PICKUP, Way
from trade.payments import cash
from trade.pricing import prices, stored_value
from trade.pricing.freight import Freight, free_rule
from trade.pricing.promotions import book, counts
from trade.pricing.quote import Promoted, earn, quote
from trade.pricing.quoted import Quote, Want
from trade.pricing.rules import Kind


class EmptyBasket(Refused):
    """There is nothing in the basket."""

    code, status = "empty_basket", 422


@dataclass(frozen=True, slots=True)
class Brought:
    """What goods brought back give back (`exchange/`), in fen: money, its part in cash, and stored value to spend anew.

    Up to `stored_fen` is spent without the member's code.
    """

    money_fen: int = 0
    cash_fen: int = 0
    stored_fen: int = 0


@dataclass(frozen=True, slots=True)
class Basket:
    """What a customer wants of one store, and how much of it stored value pays (`wallet_fen`).

    `qty` is pieces, or grams of weighed goods.  `coupon_ids` are the member's; what they are worth is found anew for
    these very lines at every quote and sale; None takes the best.  `barred` are promotions the shopper does not want.
    `by_code`: a payment code pays the rest, to the fen, so nothing is rounded.  `offer_id`: bought in a group (拼团).
    """

    store_id: int
    wants: Sequence[Want]
    member_id: int | None = None
    points: int = 0
    discount_fen: int = 0
    wallet_fen: int = 0
    coupon_ids: Sequence[int] | None = ()
    channel: str = "till"
    barred: Sequence[int] = ()
    by_code: bool = False
    brought: Brought = Brought()
    way: Way = PICKUP
    offer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Supposed:
    """What a trial supposes instead of what is so: other promotions, and for nobody's basket a tier and segments."""

    known: book.InForce | None = None
    tier: str | None = None
    segment_ids: Sequence[int] = ()


class GroupNotOffered(Refused):
    """These goods have no group price here now, or nothing is left of it; `why` as in `pricing/allowed.py`."""

    code = "group_not_offered"


def book_for(session: Session, basket: Basket, now: datetime) -> book.InForce:
    """The promotions that a basket is priced by; one that names an offer of 拼团 has its price and no other.

    :raises GroupNotOffered: there is no such offer in this store.
    """
    known = book.at(session, basket.store_id, now)
    if basket.offer_id is None:
        return known
    if (of_group := known.of_group(basket.offer_id)) is None:
        raise GroupNotOffered(offer_id=basket.offer_id, why="over")
    return of_group


_WHO = text(
    "SELECT member.tier, coalesce(a.balance, 0) - coalesce(a.deficit, 0) AS points,"
    f" {coupons.HELD} AS coupons FROM member"
    " LEFT JOIN lot_account a ON a.member_id = member.id AND a.account = 'points' WHERE member.id = :id"
)


def price(
    session: Session,
    basket: Basket,
    *,
    now: datetime,
    explain: bool = False,
    wallet_at_most: bool = False,
    supposed: Supposed = Supposed(),
) -> Quote:
    """Quote a basket at today's prices; the same function behind till, cart and order.

    :param explain: also what each other promotion and coupon would cost; for a screen, not for a sale.
    :param wallet_at_most: stored value pays what goods cost, if less than `wallet_fen`; `supposed` is a trial's.
    """
    if not basket.wants:
        raise EmptyBasket()
    freight = ways.freight_of(session, basket.store_id, basket.wants, basket.way, now=now)
    terms = terms_at(now, session)
    known = supposed.known or book_for(session, basket, now)
    who = _who(session, basket, now)
    tier, held = who.tier if who else supposed.tier, _held(who, basket, freight)
    items = prices.items(session, basket.store_id, _skus(basket, known, held), channel=basket.channel, now=now)
    today, this_month, spent_today = points.so_far(session, basket.member_id or 0, terms, now) if who else (0, 0, 0)
    priced = quote(
        items,
        basket.wants,
        terms=terms,
        tier=tier,
        points_available=max(who.points, 0) if who else 0,
        points=basket.points,
        points_today=spent_today,
        discount_fen=basket.discount_fen,
        coupons=held,
        coupon_ids=basket.coupon_ids,
        at=At(basket.store_id, basket.channel, now),
        promoted=_promoted(session, basket, known, tier, now, supposed.segment_ids, freight),
        freight_fen=freight.fee_fen if freight else 0,
        explain=explain,
    )
    _at_group_price(basket, priced)
    _pay_with_wallet(session, basket, priced, now, at_most=wallet_at_most)
    mode = known.cash_rounding if basket.channel == "till" and not basket.by_code else "none"
    _pay_the_rest(priced, basket.brought, mode)
    if who:
        occasion = Occasion(who.tier, basket.channel, basket.store_id, now, today, this_month)
        earn(priced, terms, occasion, [line.wallet.bonus_fen for line in priced.lines])
        priced.tier, priced.terms_version = who.tier, terms.version
    seckill.show(session, known, priced)
    ways.tell(priced, freight)
    return priced


def _at_group_price(basket: Basket, priced: Quote) -> None:
    """A basket that names an offer is of its goods alone, and every unit has its price."""
    if basket.offer_id is None:
        return
    units = sum(use.units for use in priced.uses if use.promotion_id == basket.offer_id)
    if units != sum(line.qty for line in priced.lines):
        why = next((row["code"] for row in priced.why_not if row["rule_id"] == basket.offer_id), "other_goods")
        raise GroupNotOffered(offer_id=basket.offer_id, why=why)


def _who(session: Session, basket: Basket, now: datetime) -> Any | None:
    """The member's tier, points and coupons; None for a guest."""
    asked = {"id": basket.member_id, "now": now, "coupons": list(basket.coupon_ids or ())}
    return first(session, _WHO, asked) if basket.member_id else None


def _held(who: Any, basket: Basket, freight: Freight | None) -> Sequence[Held]:
    """The member's coupons that may be used; those of freight are not taken yet on what is brought or sent.

    A group price takes none.
    """
    held = coupons.held(who.coupons) if who and basket.offer_id is None else []
    return [one for one in held if not freight or one.kind is not CouponKind.FREIGHT]


def _pay_with_wallet(session: Session, basket: Basket, priced: Quote, now: datetime, *, at_most: bool) -> None:
    goods_fen, member_id = priced.payable_fen - priced.freight_fen, basket.member_id
    fen = min(basket.wallet_fen, goods_fen) if at_most else basket.wallet_fen
    if not fen:
        return
    policy = wallet_terms.terms_at(session, now).policy
    have = wallet.balance(session, member_id).have if member_id else wallet_terms.Split()
    stored_value.pay_with(priced, wallet_terms.divide(fen, have, policy), policy)


def _pay_the_rest(priced: Quote, brought: Brought, mode: str) -> None:
    """Goods brought back pay, and what cash pays or gives back is rounded, last of all.

    The rounding is a signed row of its own, which no line shares (till-and-store-desk.md 3.5).
    """
    if mode != "none":
        priced.cash_rounding = mode
    money = (brought.money_fen, brought.cash_fen)
    priced.brought_fen, priced.rounding_fen = cash.net(priced.due_fen, *money, mode)
    if priced.rounding_fen:
        row = {"phase": 7, "source": "rounding", "mode": mode, "delta_fen": priced.rounding_fen}
        priced.trace.append({"seq": len(priced.trace) + 1, **row})


def _skus(basket: Basket, known: book.InForce, held: Sequence[Held]) -> set[int]:
    """The skus that are wanted, and those that a promotion or a coupon may add."""
    wanted = {want.sku_id for want in basket.wants}
    gifts = {sku for rule in known.rules.rules if rule.kind is Kind.GIFT for sku, _ in rule.gifts}
    return wanted | gifts | {one["sku_id"] for coupon in held if coupon.kind is CouponKind.GIFT for one in coupon.goods}


def _promoted(
    session: Session,
    basket: Basket,
    known: book.InForce,
    tier: str | None,
    now: datetime,
    supposed: Sequence[int],
    freight: Freight | None,
) -> Promoted:
    """What promotions are for this basket, and from when on its freight is free.

    No statement when none is limited or for a segment.
    """
    free = free_rule(freight, now) if freight else None
    rules = replace(known.rules, rules=(*known.rules.rules, free)) if free else known.rules
    if not rules.rules:
        return Promoted(rules)
    member_id, segment_ids = basket.member_id, list(known.segment_ids)
    mine = segments.treated_among(session, member_id, segment_ids) if member_id and segment_ids else supposed
    here = known.here(basket.channel, now, tier=tier, segment_ids=mine)
    return Promoted(rules, here, counts.left(session, known, member_id, now), frozenset(basket.barred) - {0})
