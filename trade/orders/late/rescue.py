"""Money came for an order that waits for none: bring the order back, or give the money back (rules 3.7).

An order that ended unpaid goes on as if it had been paid in time, when its store still has every line and everything
else it was priced with can be taken again: promotions' counts, coupons, stored value, points.  Where only the goods are
gone and they are to be brought or sent, other stores are asked (`confirm.py`).  It is all or nothing,
inside the transaction of the payment.  Otherwise WeChat is asked for a full refund under the number `L` and the
attempt's id, which is one for ever, and the desk has a case (`paid_late`) until WeChat has taken it.  Either way it
happens once: the attempt itself is late once.

    the order            the money
    placed               is its own (`pay.py`)
    ended unpaid         brings it back, or is refunded; at a till always refunded, for the customer is gone
    ended after payment  is refunded: the first payment went back, too
    paid or further      is refunded: it was paid twice
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import attempt, fetch, first
from config.errors import Refused
from trade.exceptions import cases
from trade.orders import confirm, telling, value
from trade.orders import moves as orders
from trade.orders.groups import joining
from trade.orders.late import moves
from trade.orders.late.states import Cause
from trade.payments import moves as payments
from trade.payments import wallet as wallet_tender
from trade.payments.moves import Paid
from trade.pricing.promotions import again
from trade.stock import moves as stock

REASON = "paid_late"

_ORDER = text("""
    SELECT o.*, m.erased_at FROM sale_order o LEFT JOIN member m ON m.id = o.member_id
    WHERE o.store_id = :store AND o.id = :order FOR NO KEY UPDATE OF o""")
_UNITS = text("""
    SELECT sku_id, sum(qty)::bigint AS qty FROM order_line WHERE store_id = :store AND order_id = :order
    GROUP BY 1 ORDER BY 1""")
_COUPONS = text(
    "SELECT DISTINCT coupon_id FROM coupon_event WHERE store_id = :store AND order_id = :order AND event = 'lock'"
)


def settle(session: Session, tender: Any, fact: Paid, *, actor: str, now: datetime) -> bool:
    """Do what can be done with late money; True when its order goes on.  The attempt is `late` already.

    Locks: the attempt (by the caller), the order, then stock and the rest as everywhere.
    """
    order = _locked(session, tender)
    cause = _cause(tender, order)
    moves.arrive(session, tender, fact, cause, actor=actor, now=now)
    why = _why_not(order, fact, now) if cause is Cause.ENDED_UNPAID else str(cause)
    if not why:
        event, why = _brought_back(session, order, tender, actor=actor, now=now)
        if event:
            telling.paid(session, order, actor=actor, now=now)
            return moves.move(session, tender.store_id, tender.id, event, actor=actor, now=now)
    _give_back(session, tender, fact, cause, why, actor=actor, now=now)
    return False


def _brought_back(session: Session, order: Any, tender: Any, *, actor: str, now: datetime) -> tuple[str, str]:
    """How the order goes on: `restore` in its store, `move` in others, or nothing and what stands in the way."""
    why = _take_again(session, order, tender, _here, actor=actor, now=now)
    if not why:
        return "restore", ""
    if why == stock.OutOfStock.code and order.mode in ("delivery", "ship"):
        moved = not _take_again(session, order, tender, _elsewhere, actor=actor, now=now)
        return ("move", "") if moved else ("", why)
    return "", why


def _give_back(session: Session, tender: Any, fact: Paid, cause: Cause, why: str, *, actor: str, now: datetime) -> None:
    moves.because(session, tender.store_id, tender.id, why)
    number = f"L{tender.id}"
    payments.refund(session, tender, fact.amount_fen, reason=REASON, actor=actor, now=now, number=number)
    cases.open(
        session,
        moves.KIND,
        moves.subject(tender.store_id, tender.id),
        money_fen=fact.amount_fen,
        facts={"why": why, "trade_no": fact.trade_no, "refund_no": number, "amount_fen": fact.amount_fen},
        store_id=tender.store_id,
        order_id=tender.order_id,
        cause=str(cause),
        actor=actor,
        now=now,
    )


def _locked(session: Session, tender: Any) -> Any | None:
    return first(session, _ORDER, {"store": tender.store_id, "order": tender.order_id}) if tender.order_id else None


def _cause(tender: Any, order: Any | None) -> Cause:
    if order is None:
        assert tender.top_up_id, tender
        return Cause.TOP_UP
    if order.state != "cancelled":
        return Cause.OVERPAID
    return Cause.ENDED_UNPAID if order.paid_at is None else Cause.ENDED_PAID


def _why_not(order: Any, fact: Paid, now: datetime) -> str:
    """What stands in the way before anything is asked of stock or member; empty for nothing."""
    if order.payable_fen - order.wallet_principal_fen - order.wallet_bonus_fen != fact.amount_fen:
        return "amount"
    if order.erased_at is not None:
        return "member_left"
    if order.channel == "till":
        return "left_the_till"
    return "promise_past" if order.promise_at is not None and order.promise_at <= now else ""


class _Nobody(Exception):
    """No other store does it at once; what was begun is taken back."""


def _here(session: Session, order: Any, **_by: Any) -> None:
    """Promise the goods in the order's own store; raises OutOfStock."""
    key = {"store": order.store_id, "order": order.id}
    units = {row.sku_id: row.qty for row in fetch(session, _UNITS, key)}
    stock.hold(session, order.store_id, units, order_id=order.id)
    stock.commit(session, order.store_id, order_id=order.id)


def _elsewhere(session: Session, order: Any, *, actor: str, now: datetime) -> None:
    """Have other stores promise and do it; they are asked already when this returns."""
    if not confirm.confirm_elsewhere(session, order.store_id, order.id, actor=actor, now=now):
        raise _Nobody()


def _take_again(
    session: Session, order: Any, tender: Any, goods: Callable[..., None], *, actor: str, now: datetime
) -> str:
    """Take everything of the order again, all or nothing; returns the code of what refused, or nothing."""
    key = {"store": order.store_id, "order": order.id}
    try:
        with attempt(session):
            orders.move(session, order.store_id, order.id, "revive", actor=actor, now=now, tender_id=tender.id)
            joining.take(session, order.store_id, order.id, actor=actor, now=now)
            goods(session, order, actor=actor, now=now)
            again.take_again(session, order.store_id, order.id)
            coupons = tuple(row.coupon_id for row in fetch(session, _COUPONS, key))
            stake = replace(value.Stake.of(order), coupon_ids=coupons)
            if stake.wallet.total_fen:
                wallet_tender.take(session, order.store_id, order.id, stake.wallet.total_fen, now=now)
            value.revived(session, stake, actor=actor, now=now)
            payments.taken(session, order.store_id, tender.id)
            if goods is _here:
                confirm.confirm(session, order.store_id, order.id, actor=actor, now=now)
    except _Nobody:
        return "nobody_elsewhere"
    except Refused as refused:
        if refused.status >= 500:
            raise
        return refused.code
    return ""
