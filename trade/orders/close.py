"""The ways an order ends before its goods are handed over: nobody paid, the customer or the store does not want it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from member.wallet_terms import Split
from trade.exceptions import cases
from trade.exceptions.kinds import ENDED_WITH_ORDER
from trade.fulfilment import moves as parcel_moves
from trade.fulfilment import parcels
from trade.orders import moves, value
from trade.orders.aftersales import moves as aftersales
from trade.orders.groups import seats
from trade.orders.headline import headline, may_cancel
from trade.payments import moves as payments
from trade.pricing.promotions import counts
from trade.stock import moves as stock
from trade.stock import told


class PaymentOpen(Refused):
    """A payment of the order is under way; WeChat is asked first."""

    code = "payment_open"


_HEAD = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order")
_LOCKED = text("SELECT state FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")


def head(session: Session, store_id: int, order_id: int) -> Any:
    """The order's own row; NotFound when this store has no such order."""
    found = first(session, _HEAD, {"store": store_id, "order": order_id})
    if found is None:
        raise NotFound(order_id=order_id)
    return found


def expire(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """An unpaid order's time is over, and WeChat agreed that nobody can pay it any more."""
    moves.move(session, store_id, order_id, "expire", actor=actor, now=now)
    _free(session, store_id, order_id, actor=actor, now=now)


def cancel(session: Session, store_id: int, order_id: int, *, reason: str = "", actor: str, now: datetime) -> None:
    """The customer changes their mind before a store has begun to pick.

    :raises PaymentOpen: a payment could still arrive; it is closed at WeChat first (`ask_payments`).
    :raises WrongState: it is too late; the state is the headline.
    """
    seats.lock(session, store_id, order_id)
    before = first(session, _LOCKED, {"store": store_id, "order": order_id})
    if before is None:
        raise NotFound(order_id=order_id)
    if before.state == "placed" and payments.open_tender(session, store_id, order_id):
        raise PaymentOpen(order_id=order_id)
    stand = [parcel.state for parcel in parcels.of_order(session, store_id, order_id)]
    if not may_cancel(before.state, stand):
        raise WrongState(order_id=order_id, state=headline(before.state, stand), event="cancel")
    said = {"reason": reason} if reason else {}
    moves.move(session, store_id, order_id, "cancel", actor=actor, now=now, **said)
    _free(session, store_id, order_id, actor=actor, now=now)
    _undo_payment(session, store_id, order_id, "cancelled", actor=actor, now=now)


def withdraw(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """The customer changed their mind while it was picked, and the store agreed: as `cancel`.  Raises WrongState."""
    moves.move(session, store_id, order_id, "cancel", actor=actor, now=now, late=True)
    _free(session, store_id, order_id, actor=actor, now=now)
    _undo_payment(session, store_id, order_id, "cancelled", actor=actor, now=now)


def refuse(session: Session, store_id: int, order_id: int, reason: str, *, actor: str, now: datetime) -> None:
    """A paid order cannot be fulfilled: the customer gets everything back.

    :raises WrongState: it is not paid, or something of it is on its way.
    """
    seats.lock(session, store_id, order_id)
    moves.move(session, store_id, order_id, "refuse", actor=actor, now=now, reason=reason)
    _free(session, store_id, order_id, fault=True, actor=actor, now=now)
    _undo_payment(session, store_id, order_id, f"refused_{reason}", actor=actor, now=now)


def _free(session: Session, store_id: int, order_id: int, *, fault: bool = False, actor: str, now: datetime) -> None:
    """End its parcels and cases; stock, counts, the member's goods and its place go back; `fault` is the store's."""
    seats.leave(session, store_id, order_id, actor=actor, now=now)
    aftersales.drop_all(session, store_id, order_id, actor=actor, now=now)
    parcel_moves.cancel_all(session, store_id, order_id, actor=actor, now=now)
    freed = stock.release(session, None, order_id=order_id)
    elsewhere = {at: skus for at, skus in freed.items() if at != store_id}  # the order's own fact tells of its store
    told.freed(session, elsewhere, cause="order_ended", actor=actor, now=now)
    counts.give_back(session, store_id, order_id)
    cases.clear_order(session, store_id, order_id, ENDED_WITH_ORDER, actor=actor, note="order_ended", now=now)
    order = head(session, store_id, order_id)
    if order.paid_at is None:
        value.released(session, value.Stake.of(order), actor=actor, now=now)
    else:
        value.undone(session, _rest(session, order), fault=fault, actor=actor, now=now)


_RETURNED = text("""
    SELECT coalesce(sum(points_back), 0)::bigint AS points, coalesce(sum(points_clawed), 0)::bigint AS clawed,
           coalesce(sum(principal_back_fen), 0)::bigint AS principal_fen,
           coalesce(sum(bonus_back_fen), 0)::bigint AS bonus_fen
    FROM sale_return WHERE store_id = :store AND order_id = :order""")


def _rest(session: Session, order: Any) -> value.Stake:
    """What of an order's stake its returns left to be undone."""
    stake, back = value.Stake.of(order), fetch(session, _RETURNED, {"store": order.store_id, "order": order.id})[0]
    left = Split(stake.wallet.principal_fen - back.principal_fen, stake.wallet.bonus_fen - back.bonus_fen)
    points = {"points_used": stake.points_used - back.points, "earns_points": stake.earns_points - back.clawed}
    return replace(stake, **points, wallet=left)


def _undo_payment(session: Session, store_id: int, order_id: int, reason: str, *, actor: str, now: datetime) -> None:
    for tender in payments.refundable(session, store_id, order_id):
        if tender.left_fen:
            payments.refund(
                session, tender, int(tender.left_fen), reason=reason, actor=actor, now=now, number=f"C{tender.id}"
            )
