"""The ways a mall order goes on after payment, and the ways any order ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from member.wallet_terms import Split
from trade.fulfilment import pickup
from trade.orders import moves, value
from trade.orders.aftersales import moves as aftersales
from trade.payments import moves as payments
from trade.pricing.promotions import counts
from trade.stock import moves as stock


class NotAllPicked(Refused):
    """Some lines are not picked yet; `line_nos` are theirs."""

    code = "not_all_picked"


class PaymentOpen(Refused):
    """A payment of the order is under way; WeChat is asked first."""

    code = "payment_open"


_PICK = text("""
    UPDATE order_line SET picked_qty = :picked FROM sale_order
    WHERE order_line.store_id = :store AND order_id = :order AND line_no = :line AND :picked BETWEEN 0 AND qty
      AND sale_order.store_id = :store AND sale_order.id = :order AND sale_order.state = 'preparing'
    RETURNING line_no""")
_UNPICKED = text(
    "SELECT line_no FROM order_line WHERE store_id = :store AND order_id = :order AND picked_qty < qty ORDER BY line_no"
)
_CODE = text(
    "UPDATE sale_order SET pickup_hash = :hash, pickup_sealed = :sealed WHERE store_id = :store AND id = :order"
)
_HANDED = text("UPDATE sale_order SET handed_by = :staff WHERE store_id = :store AND id = :order RETURNING *")
_HEAD = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order")


def head(session: Session, store_id: int, order_id: int) -> Any:
    """The order's own row; NotFound when this store has no such order."""
    found = first(session, _HEAD, {"store": store_id, "order": order_id})
    if found is None:
        raise NotFound(order_id=order_id)
    return found


def accept(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """The store takes the order on."""
    moves.move(session, store_id, order_id, "accept", actor=actor, now=now)


def pick(
    session: Session, store_id: int, order_id: int, line_no: int, picked_qty: int, *, actor: str, now: datetime
) -> None:
    """Set how much of a line lies in the tote (absolute, so a repeat changes nothing)."""
    done = first(session, _PICK, {"store": store_id, "order": order_id, "line": line_no, "picked": picked_qty})
    if done is None:
        state = head(session, store_id, order_id).state
        if state != "preparing":
            raise WrongState(order_id=order_id, state=state, event="pick")
        raise NotFound(order_id=order_id, line_no=line_no)
    moves.note(session, order_id, "order.picked", actor=actor, now=now, line_no=line_no, picked_qty=picked_qty)


def ready(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """Everything is in the bag: the customer gets a pickup code.  Raises NotAllPicked."""
    unpicked = list(session.scalars(_UNPICKED, {"store": store_id, "order": order_id}))
    if unpicked:
        raise NotAllPicked(line_nos=unpicked)
    moves.move(session, store_id, order_id, "ready", actor=actor, now=now)
    code = pickup.draw(session, store_id)
    session.execute(
        _CODE,
        {"store": store_id, "order": order_id, "hash": pickup.fingerprint(store_id, code), "sealed": pickup.seal(code)},
    )


def collect(session: Session, store_id: int, order_id: int, *, staff_id: int, actor: str, now: datetime) -> None:
    """Hand over: the held goods leave, the pending points become the customer's, the code dies."""
    moves.move(session, store_id, order_id, "collect", actor=actor, now=now)
    stock.consume(session, store_id, None, order_id=order_id, key=f"order:{order_id}:collect", actor=actor, now=now)
    order = fetch(session, _HANDED, {"store": store_id, "order": order_id, "staff": staff_id})[0]
    value.collected(session, value.Stake.of(order), actor=actor, now=now)


def expire(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """An unpaid order's time is over, and WeChat agreed that nobody can pay it any more."""
    moves.move(session, store_id, order_id, "expire", actor=actor, now=now)
    _free(session, store_id, order_id, actor=actor, now=now)


def cancel(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """The customer changes their mind before the store has taken the order on.

    :raises PaymentOpen: a payment could still arrive; it is closed at WeChat first (`ask_payments`).
    """
    before = head(session, store_id, order_id)
    if before.state == "placed" and payments.open_tender(session, store_id, order_id):
        raise PaymentOpen(order_id=order_id)
    moves.move(session, store_id, order_id, "cancel", actor=actor, now=now)
    _free(session, store_id, order_id, actor=actor, now=now)
    _undo_payment(session, store_id, order_id, "cancelled", actor=actor, now=now)


def refuse(session: Session, store_id: int, order_id: int, reason: str, *, actor: str, now: datetime) -> None:
    """The store cannot fulfil a paid order: the customer gets everything back."""
    moves.move(session, store_id, order_id, "refuse", actor=actor, now=now, reason=reason)
    _free(session, store_id, order_id, fault=True, actor=actor, now=now)
    _undo_payment(session, store_id, order_id, f"refused_{reason}", actor=actor, now=now)


def _free(session: Session, store_id: int, order_id: int, *, fault: bool = False, actor: str, now: datetime) -> None:
    """End its cases; stock, what promotions counted and what the member promised go back; `fault` is the store's."""
    aftersales.drop_all(session, store_id, order_id, actor=actor, now=now)
    stock.release(session, None, order_id=order_id)
    counts.give_back(session, store_id, order_id)
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
