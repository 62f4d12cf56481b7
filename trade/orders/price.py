"""What a basket costs: the one function behind till, cart, order and trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
from trade.orders import seckill
from trade.payments import cash
from trade.pricing import prices, stored_value
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
    `by_code`: a payment code pays the rest, to the fen, so nothing is rounded.
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


@dataclass(frozen=True, slots=True)
class Supposed:
    """What a trial supposes instead of what is so: other promotions, and for nobody's basket a tier and segments."""

    known: book.InForce | None = None
    tier: str | None = None
    segment_ids: Sequence[int] = ()


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
    :param wallet_at_most: stored value pays what is due, if that is less than `wallet_fen`.
    :param supposed: for a trial alone.
    """
    if not basket.wants:
        raise EmptyBasket()
    terms = terms_at(now, session)
    known = supposed.known or book.at(session, basket.store_id, now)
    asked = {"id": basket.member_id, "now": now, "coupons": list(basket.coupon_ids or ())}
    who = first(session, _WHO, asked) if basket.member_id else None
    held = coupons.held(who.coupons) if who else []
    skus = {want.sku_id for want in basket.wants} | _gifts(known, held)
    items = prices.items(session, basket.store_id, skus, channel=basket.channel, now=now)
    today, this_month, spent_today = points.so_far(session, basket.member_id or 0, terms, now) if who else (0, 0, 0)
    priced = quote(
        items,
        basket.wants,
        terms=terms,
        tier=who.tier if who else supposed.tier,
        points_available=max(who.points, 0) if who else 0,
        points=basket.points,
        points_today=spent_today,
        discount_fen=basket.discount_fen,
        coupons=held,
        coupon_ids=basket.coupon_ids,
        at=At(basket.store_id, basket.channel, now),
        promoted=_promoted(session, basket, known, who.tier if who else supposed.tier, now, supposed.segment_ids),
        explain=explain,
    )
    if wallet_fen := min(basket.wallet_fen, priced.payable_fen) if wallet_at_most else basket.wallet_fen:
        _pay_with_wallet(session, basket.member_id, priced, wallet_fen, now)
    mode = known.cash_rounding if basket.channel == "till" and not basket.by_code else "none"
    _pay_the_rest(priced, basket.brought, mode)
    if who:
        occasion = Occasion(who.tier, basket.channel, basket.store_id, now, today, this_month)
        earn(priced, terms, occasion, [line.wallet.bonus_fen for line in priced.lines])
        priced.tier, priced.terms_version = who.tier, terms.version
    seckill.show(session, known, priced)
    return priced


def _pay_with_wallet(session: Session, member_id: int | None, priced: Quote, fen: int, now: datetime) -> None:
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


def _gifts(known: book.InForce, held: Sequence[Held]) -> set[int]:
    """The skus that a promotion or a coupon may add."""
    gifts = {sku for rule in known.rules.rules if rule.kind is Kind.GIFT for sku, _ in rule.gifts}
    return gifts | {one["sku_id"] for coupon in held if coupon.kind is CouponKind.GIFT for one in coupon.goods}


def _promoted(
    session: Session, basket: Basket, known: book.InForce, tier: str | None, now: datetime, supposed: Sequence[int]
) -> Promoted:
    """What promotions are for this basket; no statement when none is limited or for a segment."""
    if not known.rules.rules:
        return Promoted(known.rules)
    member_id, segment_ids = basket.member_id, list(known.segment_ids)
    mine = segments.treated_among(session, member_id, segment_ids) if member_id and segment_ids else supposed
    here = known.here(basket.channel, now, tier=tier, segment_ids=mine)
    return Promoted(known.rules, here, counts.left(session, known, member_id, now), frozenset(basket.barred))
