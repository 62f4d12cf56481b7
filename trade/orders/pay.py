"""Money arrives for a mall order: what happens now, in one transaction (later: `workers/routes.py`)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import WrongState
from trade.orders import moves, value
from trade.payments import moves as payments
from trade.payments import top_ups
from trade.payments import wallet as wallet_tender
from trade.payments.moves import Paid


class Outcome(StrEnum):
    """What a word of WeChat about a payment led to."""

    APPLIED = "applied"
    REPEATED = "repeated"
    REFUNDED_LATE = "refunded_late"
    UNKNOWN_ORDER = "unknown_order"
    MISMATCH = "mismatch"


_EVENT = text(
    "INSERT INTO pay_event (event_id, kind, at) VALUES (:id, :kind, :now) ON CONFLICT DO NOTHING RETURNING event_id"
)
_ORDER = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :id")


def first_time(session: Session, event_id: str, kind: str, *, now: datetime) -> bool:
    """Remember a notice; False when its effect is already done.  The row dies with a failed effect."""
    return first(session, _EVENT, {"id": event_id, "kind": kind, "now": now}) is not None


def receive(session: Session, fact: Paid, *, actor: str, now: datetime) -> Outcome:
    """Apply one success of WeChat, however often and in whatever order it arrives.

    An open attempt becomes paid and its order (or top-up) moves on; a success for a closed attempt, or for what is
    no longer waiting, is refunded in full under a number made of the attempt's id.
    """
    tender = payments.by_trade_no(session, fact.trade_no)
    if tender is None:
        return Outcome.UNKNOWN_ORDER
    if tender.amount_fen != fact.amount_fen:
        return Outcome.MISMATCH
    taken = payments.paid(session, fact, now=now)
    if taken is None:
        tender = payments.by_trade_no(session, fact.trade_no)
        if tender is not None and tender.state == "closed":
            return _refund_late(session, tender, fact, actor=actor, now=now)
        return Outcome.REPEATED
    if taken.top_up_id:
        if top_ups.paid(session, taken.store_id, taken.top_up_id, actor=actor, now=now):
            return Outcome.APPLIED
        return _refund_late(session, tender, fact, actor=actor, now=now)
    try:
        settle(session, taken.store_id, taken.order_id, actor=actor, now=now, transaction_id=fact.transaction_id)
    except WrongState:
        return _refund_late(session, tender, fact, actor=actor, now=now)
    return Outcome.APPLIED


def settle(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime, **data: Any) -> None:
    """An order has all its money: what it held is spent, and stored value becomes a tender beside WeChat's.

    :raises WrongState: the order waits for no money; nothing was written.
    """
    moves.move(session, store_id, order_id, "pay", actor=actor, now=now, **data)
    order = fetch(session, _ORDER, {"store": store_id, "id": order_id})[0]
    stake = value.Stake.of(order)
    if stake.wallet.total_fen:
        wallet_tender.take(session, store_id, order_id, stake.wallet.total_fen, now=now)
    value.paid(session, stake, actor=actor, now=now)


def _refund_late(session: Session, tender: Any, fact: Paid, *, actor: str, now: datetime) -> Outcome:
    payments.refund(session, tender, fact.amount_fen, reason="paid_late", actor=actor, now=now, number=f"L{tender.id}")
    return Outcome.REFUNDED_LATE
