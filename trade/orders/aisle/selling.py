"""A till sells what other stores hand over, beside what the customer carries out: one order (rules 3.14).

    what happens               goods here          goods there         money            parcels
    a code is charged          held                held                asked            none
    cash, or WeChat has it     leave               paid for            the till's       here: handed over; there: asked
    the code is reversed       free                free                back             none, the order is cancelled

The order is the selling store's.  What is carried out is a parcel of its own that ends in the moment of the payment, so
that returns, credit and proofs count it like any other; the rest goes on as a mall order does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import wallet_limits
from trade.fulfilment import asked as asking
from trade.orders import addresses, found, place, value
from trade.orders.addresses import Address
from trade.orders.aisle import completing, reserving
from trade.orders.code_sale import NothingForCode
from trade.orders.place import NotElsewhere
from trade.orders.ways import Mode
from trade.payments import cash
from trade.payments.codes import moves as codes
from trade.pricing.quoted import Line, Quote, Want


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How the customer gets what other stores hand over; `address` for all but `pickup`."""

    mode: Mode
    address: Address | None = None


_STORES = text("""
    SELECT store.id, coalesce(paused_until > :now, false) AS paused,
        CASE :mode WHEN 'pickup' THEN offers_pickup WHEN 'delivery' THEN offers_delivery ELSE offers_ship END AS offers,
        ARRAY(SELECT sku_id FROM store_sku s WHERE s.store_id = store.id AND s.sellable
              AND s.sku_id = ANY(CAST(:skus AS bigint[]))) AS sells
    FROM store WHERE store.id = ANY(CAST(:stores AS bigint[]))""")
_WEIGHED = text("SELECT id FROM sku WHERE id = ANY(:skus) AND weighed ORDER BY id")


def goods_of(store_id: int, lines: Sequence[Line | tuple[int, int, int | None]]) -> dict[int, dict[int, int]]:
    """Units by sku, by the store that hands them over; lines are (sku, units, store) or priced."""
    found: dict[int, Counter[int]] = {}
    for line in lines:
        sku, qty, at = (line.item.sku_id, line.qty, line.at_store_id) if isinstance(line, Line) else line
        found.setdefault(at or store_id, Counter())[sku] += qty
    return {store: dict(units) for store, units in found.items()}


def check(session: Session, wants: Sequence[Want], how: Elsewhere, *, now: datetime) -> None:
    """The stores may be asked: they sell it and offer this way now.  What is free the reservation says.

    :raises NotElsewhere, AddressNotSound: nothing was promised.
    """
    if how.mode != "pickup":
        if how.address is None:
            raise NotElsewhere(because="no_address")
        how.address.check()
    away: dict[int, set[int]] = {}
    for want in wants:
        if want.at_store_id is not None:
            away.setdefault(want.at_store_id, set()).add(want.sku_id)
    skus = sorted(set().union(*away.values()))
    if weighed := [row.id for row in fetch(session, _WEIGHED, {"skus": skus})]:
        raise NotElsewhere(because="weighed", sku_ids=weighed)
    given = {"stores": sorted(away), "mode": how.mode, "skus": skus, "now": now}
    known = {row.id: row for row in fetch(session, _STORES, given)}
    for at_store_id, mine in sorted(away.items()):
        there = known.get(at_store_id)
        if there is None or not mine <= set(there.sells):
            raise NotElsewhere(because="not_sellable", store_id=at_store_id, sku_ids=sorted(mine))
        if there.paused or not there.offers:
            raise NotElsewhere(because="closed", store_id=at_store_id)


def at_till(
    session: Session,
    basket: place.Basket,
    at: place.TillSale,
    how: Elsewhere,
    *,
    received_fen: int,
    expected_payable_fen: int,
    token: str | None = None,
    actor: str,
    now: datetime,
) -> int:
    """As `place.at_till`, with lines that other stores hand over; refuses as that does, and NotElsewhere."""
    basket = replace(basket, channel="till")
    priced = _priced(session, basket, at, how, expected_payable_fen, token, now=now)
    change_fen = cash.change(priced.due_fen, received_fen)
    order_id = _promise(session, basket, priced, at, how, actor=actor, now=now)
    if priced.due_fen or not priced.wallet.total_fen:
        cash.take(session, basket.store_id, order_id, priced.due_fen, received_fen, change_fen, now=now)
    completing.complete(session, basket.store_id, order_id, actor=actor, now=now)
    return order_id


def by_code(
    session: Session,
    basket: place.Basket,
    at: place.TillSale,
    how: Elsewhere,
    *,
    cash_fen: int,
    code_hash: bytes,
    expected_payable_fen: int,
    token: str | None = None,
    actor: str,
    now: datetime,
) -> tuple[int, int]:
    """As `place.by_code`, with lines that other stores hand over: returns the order's id and the attempt's."""
    basket = replace(basket, channel="till", by_code=True)
    priced = _priced(session, basket, at, how, expected_payable_fen, token, now=now)
    if priced.due_fen <= cash_fen:
        raise NothingForCode(due_fen=priced.due_fen)
    order_id = _promise(session, basket, priced, at, how, actor=actor, now=now)
    till = {"till_id": at.till_id, "shift_id": at.shift_id}
    fen = priced.due_fen - cash_fen
    tender = codes.intend(session, basket.store_id, order_id, fen, code_hash=code_hash, **till, now=now)
    return order_id, int(tender.id)


def _priced(
    session: Session,
    basket: place.Basket,
    at: place.TillSale,
    how: Elsewhere,
    expected_payable_fen: int,
    token: str | None,
    *,
    now: datetime,
) -> Quote:
    place.check_possession(basket, authorised=at.authorised)
    check(session, basket.wants, how, now=now)
    return place.price_as_shown(session, basket, expected_payable_fen, token, now=now)


def _promise(
    session: Session,
    basket: place.Basket,
    priced: Quote,
    at: place.TillSale,
    how: Elsewhere,
    *,
    actor: str,
    now: datetime,
) -> int:
    """Write the order, waiting for its money, with everything promised to it; returns its id."""
    goods = goods_of(basket.store_id, priced.lines)
    others = sorted(goods.keys() - {basket.store_id})
    promise_at = max(asking.clocks_of(session, other, how.mode, now)[1] for other in others)
    where = {"staff_id": at.staff_id, "till_id": at.till_id, "shift_id": at.shift_id}
    head = {"channel": "till", "mode": how.mode, "promise_at": promise_at, **where}
    order_id = place.open_with(session, basket, priced, actor, now, **head)
    if how.address is not None:
        addresses.write(session, basket.store_id, order_id, how.address, now=now)
    key: dict[str, Any] = {"order_id": order_id, "actor": actor, "now": now}
    found.take_in(session, basket.store_id, priced, key=f"found:{order_id}", actor=actor, now=now)
    reserving.hold_for_sale(session, basket.store_id, at.till_id, goods, **key)
    place.count_uses(session, basket, priced, order_id, now)
    if priced.wallet.total_fen and not at.authorised and basket.member_id:
        wallet_limits.spend_freely(session, basket.member_id, priced.wallet.total_fen, now=now)
    value.held(session, place.stake_of(order_id, basket, priced), actor=actor, now=now)
    return order_id
