"""A basket becomes an order: at the till at once, in the mall held until it is paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from config.errors import Refused
from member import wallet_limits
from member.possession import PossessionNeeded
from trade.orders import addresses, as_rows, found, moves, pay, seckill, shown, value, ways
from trade.orders.code_sale import NothingForCode
from trade.orders.groups import joining
from trade.orders.price import Basket, Brought, EmptyBasket, Supposed, book_for, price
from trade.payments import cash
from trade.payments import wallet as wallet_tender
from trade.payments.codes import moves as codes
from trade.pricing.promotions import counts
from trade.pricing.quote import CouponNotUsable, NotForSale, PriceChanged
from trade.pricing.quoted import Line, Quote
from trade.stock import moves as stock


class SlotFull(Refused):
    """The chosen pickup time is past, outside opening hours, or full."""

    code = "slot_full"


class ShortOf(Refused):
    """The store has less than asked; per sku what is free.  Nothing was held."""

    code = "out_of_stock"


class NotElsewhere(Refused):
    """Another store cannot hand it over; `because`: `weighed`, `closed`, `not_sellable`, `no_address`, `exchange`."""

    code = "not_elsewhere"


@dataclass(frozen=True, slots=True)
class TillSale:
    """Where a till sale is rung: ids of the till, its open shift and the cashier.

    `authorised`: the member proved to be there (code, or a manager's word), so what they hold may be spent.
    """

    till_id: int
    shift_id: int
    staff_id: int
    authorised: bool = False


def spends(basket: Basket) -> bool:
    """Whether the basket takes something from what its member holds."""
    return basket.points > 0 or bool(basket.coupon_ids)


def check_possession(basket: Basket, *, authorised: bool) -> None:
    """A phone number only identifies: to spend takes possession (till-and-store-desk.md 3.3).

    :raises PossessionNeeded: the basket spends and nobody proved to be the member.
    """
    if not authorised and spends(basket):
        raise PossessionNeeded(member_id=basket.member_id)


def _all_carried_out(basket: Basket) -> None:
    """What other stores hand over is sold by `aisle/selling.py`, and in no exchange."""
    if any(want.at_store_id is not None for want in basket.wants):
        raise NotElsewhere(because="exchange")


def stake_of(order_id: int, basket: Basket, priced: Quote) -> value.Stake:
    """What a priced basket takes from its member and brings them."""
    return value.Stake(
        order_id,
        basket.member_id,
        priced.points_used,
        priced.earns_points,
        basket.store_id,
        priced.wallet,
        coupon_fen=priced.coupon_fen,
        coupon_ids=tuple(priced.coupon_ids),
    )


def units_of(lines: Sequence[Line]) -> Mapping[int, int]:
    """Sale units by sku, gifts among them: two lines of one sku draw on one stock row."""
    units: Counter[int] = Counter()
    for line in lines:
        units[line.item.sku_id] += line.qty
    return units


def price_as_shown(
    session: Session, basket: Basket, expected_payable_fen: int, token: str | None, *, now: datetime
) -> Quote:
    """Nobody pays more than they saw; what became cheaper since is charged cheaper (members-mall-orders.md 3.6.5).

    A coupon chosen for an earlier basket is judged by this one.
    """
    saw = shown.opened(token) if token else None
    at_most = saw is not None and basket.wallet_fen <= saw.payable_fen
    priced = price(session, basket, now=now, wallet_at_most=at_most)
    if saw:
        shown.check(saw, basket, priced, now=now)
    if priced.coupons.refused:
        raise CouponNotUsable(coupons=list(priced.coupons.refused), quote=shown.as_json(basket, priced, now=now))
    expected_fen = min(expected_payable_fen, saw.payable_fen) if saw else expected_payable_fen
    if priced.payable_fen > expected_fen:
        raise PriceChanged(
            payable_fen=priced.payable_fen,
            expected_fen=expected_fen,
            differences=shown.differences(saw, priced) if saw else [],
            quote=shown.as_json(basket, priced, now=now),
        )
    return priced


def open_with(session: Session, basket: Basket, priced: Quote, actor: str, now: datetime, **head: Any) -> int:
    """Write the order with the trace of its price, and free the goods that a 秒杀 keeps for it."""
    lines, shares = as_rows.lines(priced)
    trace = priced.trace if priced.rules_version or priced.rounding_fen or priced.way else None
    whole = as_rows.head(priced, basket.store_id, basket.member_id, now, **head)
    order_id = moves.open_order(session, whole, lines, shares, trace=trace, why_not=priced.why_not, actor=actor)
    seckill.draw(session, book_for(session, basket, now), priced)
    return order_id


def count_uses(session: Session, basket: Basket, priced: Quote, order_id: int, now: datetime) -> None:
    """Take what the promotions count; after stock, before anything the member holds."""
    if priced.uses:
        known = book_for(session, basket, now)
        at: dict[str, Any] = {"store_id": basket.store_id, "order_id": order_id}
        counts.claim(session, known, priced.uses, **at, member_id=basket.member_id, now=now)


def _spend_freely(session: Session, basket: Basket, priced: Quote, at: TillSale, now: datetime) -> None:
    """Stored value beyond what this very document gave back takes the code, above what a day lets go without."""
    beyond_fen = priced.wallet.total_fen - basket.brought.stored_fen
    if beyond_fen > 0 and not at.authorised and basket.member_id:
        wallet_limits.spend_freely(session, basket.member_id, beyond_fen, now=now)


def at_till(
    session: Session,
    basket: Basket,
    at: TillSale,
    *,
    received_fen: int,
    expected_payable_fen: int,
    token: str | None = None,
    actor: str,
    now: datetime,
) -> int:
    """Ring up one basket for stored value and cash: goods leave, money enters, points move, in one transaction.

    Returns the order's id.  Stock is locked before coupons, stored value and points, here as everywhere.  Change is
    given on cash only, which pays what stored value does not, rounded as the store rounds it; `expected_payable_fen`
    is what the basket cost before that.

    :param token: the signed quote the customer was shown, if the till carries it.
    :raises PossessionNeeded, CouponNotUsable, CouponTaken, PriceChanged, OutOfStock, TenderShort, PointsShort: nothing
        was sold.
    :raises QuoteForged, QuoteOfAnother, QuoteExpired: nothing was sold.
    :raises WalletShort, WalletTooMuch, WalletCodeNeeded: nothing was sold either.
    """
    check_possession(basket, authorised=at.authorised)
    _all_carried_out(basket)
    priced = price_as_shown(session, replace(basket, channel="till"), expected_payable_fen, token, now=now)
    change_fen = cash.change(priced.due_fen, received_fen)
    where = {"staff_id": at.staff_id, "till_id": at.till_id, "shift_id": at.shift_id}
    order_id = open_with(session, basket, priced, actor, now, channel="till", **where, paid_at=now, closed_at=now)
    found.take_in(session, basket.store_id, priced, key=f"found:{order_id}", actor=actor, now=now)
    stock.sell(session, basket.store_id, units_of(priced.lines), key=f"order:{order_id}:sell", actor=actor, now=now)
    count_uses(session, basket, priced, order_id, now)
    if priced.due_fen or not (priced.wallet.total_fen or priced.brought_fen):
        cash.take(session, basket.store_id, order_id, priced.due_fen, received_fen, change_fen, now=now)
    if priced.wallet.total_fen:
        wallet_tender.take(session, basket.store_id, order_id, priced.wallet.total_fen, now=now)
        _spend_freely(session, basket, priced, at, now)
    value.sold(session, stake_of(order_id, basket, priced), actor=actor, now=now)
    return order_id


def by_code(
    session: Session,
    basket: Basket,
    at: TillSale,
    *,
    cash_fen: int,
    code_hash: bytes,
    expected_payable_fen: int,
    token: str | None = None,
    actor: str,
    now: datetime,
) -> tuple[int, int]:
    """Ring up one basket of which a payment code pays what stored value and `cash_fen` do not; nothing leaves yet.

    The goods and what the member holds are promised to the order, and WeChat is about to be asked: returns its id and
    the attempt's, whose success sells it (`code_sale.py`) and whose reversal lets it go.  Refuses as `at_till`, and

    :raises NothingForCode, CodePaymentOpen, PaymentCodeUsed: nothing was promised.
    """
    check_possession(basket, authorised=at.authorised)
    _all_carried_out(basket)
    basket = replace(basket, channel="till", by_code=True)
    priced = price_as_shown(session, basket, expected_payable_fen, token, now=now)
    if priced.due_fen <= cash_fen:
        raise NothingForCode(due_fen=priced.due_fen)
    till = {"till_id": at.till_id, "shift_id": at.shift_id}
    order_id = open_with(session, basket, priced, actor, now, channel="till", staff_id=at.staff_id, **till)
    found.take_in(session, basket.store_id, priced, key=f"found:{order_id}", actor=actor, now=now)
    stock.hold(session, basket.store_id, units_of(priced.lines), order_id=order_id, at_till=True)
    count_uses(session, basket, priced, order_id, now)
    _spend_freely(session, basket, priced, at, now)
    value.held(session, stake_of(order_id, basket, priced), actor=actor, now=now)
    fen = priced.due_fen - cash_fen
    tender = codes.intend(session, basket.store_id, order_id, fen, code_hash=code_hash, **till, now=now)
    return order_id, int(tender.id)


def _hold(session: Session, basket: Basket, priced: Quote, order_id: int) -> None:
    units = units_of(priced.lines)
    try:
        stock.hold(session, basket.store_id, units, order_id=order_id)
    except stock.OutOfStock as short:
        items = {line.item.sku_id: line.item for line in priced.lines}
        raise ShortOf(
            short=[
                {"sku_id": sku_id, "name": items[sku_id].name, "asked": units[sku_id], "free": items[sku_id].free}
                for sku_id in short.facts["sku_ids"]
            ]
        ) from short


def online(
    session: Session,
    basket: Basket,
    *,
    promise_at: datetime | None,
    remark: str,
    expected_payable_fen: int,
    token: str | None = None,
    unpaid_for: timedelta,
    may_substitute: bool = False,
    may_split: bool = False,
    group_id: int | None = None,
    actor: str,
    now: datetime,
) -> int:
    """Place a mall order: stock, coupons, stored value and points are held until it is paid or expires.

    It is fetched, brought or sent as the basket's way says, and keeps its own copy of the address.

    What coupons and stored value pay in full is paid at once; else WeChat pays the rest.

    :raises ShortOf: with what is free of each short sku, before anyone pays; nothing was held.
    :param token: the signed quote the customer was shown, if the client carries it.
    :raises CouponNotUsable, CouponTaken, PriceChanged, PointsShort, NotForSale: nothing was held.
    :raises QuoteForged, QuoteOfAnother, QuoteExpired, WalletShort, WalletTooMuch: nothing was held either.
    :raises WayClosed, BelowMinimum: it cannot be brought or sent like this; nothing was held.
    :raises GroupNotOffered, GroupFull, GroupEnded, GroupJoined: bought in a group (`basket.offer_id`, and `group_id`
        which it joins): nothing was held.
    """
    assert basket.member_id is not None and basket.discount_fen == 0, basket
    priced = price_as_shown(session, replace(basket, channel="mall"), expected_payable_fen, token, now=now)
    ways.check(priced)
    lets = {"may_substitute": may_substitute, "may_split": may_split}
    when = {"mode": basket.way.mode, "pay_by": now + unpaid_for, "promise_at": promise_at, "remark": remark}
    order_id = open_with(session, basket, priced, actor, now, channel="mall", **lets, **when)
    joining.ask(session, order_id, basket, group_id, now)
    if basket.way.address:
        addresses.write(session, basket.store_id, order_id, basket.way.address, now=now)
    _hold(session, basket, priced, order_id)
    count_uses(session, basket, priced, order_id, now)
    value.held(session, stake_of(order_id, basket, priced), actor=actor, now=now)
    if not priced.due_fen:
        pay.settle(session, basket.store_id, order_id, actor=actor, now=now)
    return order_id


__all__ = [
    "Basket",
    "Brought",
    "CouponNotUsable",
    "EmptyBasket",
    "NotForSale",
    "ShortOf",
    "SlotFull",
    "Supposed",
    "TillSale",
    "at_till",
    "by_code",
    "online",
    "price",
]
