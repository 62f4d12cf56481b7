"""Money arrives for a mall order: what happens now, in one transaction (later: `workers/routes.py`)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import WrongState
from config.logs import log
from trade.exceptions import cases
from trade.orders import code_sale, confirm, moves, telling, value
from trade.orders.aisle import completing
from trade.orders.groups import joining
from trade.orders.late import rescue
from trade.orders.shipping import moves as shipping
from trade.payments import moves as payments
from trade.payments import top_ups
from trade.payments import wallet as wallet_tender
from trade.payments.moves import Paid
from trade.stock import moves as stock


class Outcome(StrEnum):
    """What a word of WeChat about a payment led to."""

    APPLIED = "applied"
    ASK_AGAIN = "ask_again"
    REPEATED = "repeated"
    RESTORED_LATE = "restored_late"
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


def receive(
    session: Session, fact: Paid, *, actor: str, now: datetime, claim: int | None = None, sure: bool = False
) -> Outcome:
    """Apply one success of WeChat, however often and in whatever order it arrives.

    An open attempt becomes paid and its order (or top-up) moves on, as it does for a closed one that was paid all the
    same while its order still waits.  Money that nothing waits for brings back an order
    that ended unpaid, if all of it is still to be had, and else is refunded in full (`late/rescue.py`).
    What was paid in the mini-program WeChat keeps until it is told of the goods, which is owed from here on.

    Of a payment code that is being reversed, or was, an old word proves nothing, for the money may be back with the
    customer: only the holder of its `claim` is believed, or who asked WeChat after its end (`sure`).  Else `ASK_AGAIN`.
    """
    outcome = _receive(session, fact, claim, sure=sure, actor=actor, now=now)
    if outcome in (Outcome.APPLIED, Outcome.RESTORED_LATE):
        shipping.owe(session, fact.trade_no, now=now)
    return outcome


def _receive(session: Session, fact: Paid, claim: int | None, *, sure: bool, actor: str, now: datetime) -> Outcome:
    tender = payments.by_trade_no(session, fact.trade_no)
    if tender is None:
        return Outcome.UNKNOWN_ORDER
    if tender.amount_fen != fact.amount_fen:
        return Outcome.MISMATCH
    taken = payments.paid(session, fact, now=now, claim=claim)
    if taken is None:
        if tender.way == "code" and (tender.state == "closing" or not (sure or tender.state in ("paid", "late"))):
            return Outcome.ASK_AGAIN
        if not payments.late(session, tender, fact, after="closed", now=now):
            return Outcome.REPEATED
        if not _goes_on(session, tender, fact, actor=actor, now=now):
            return _late(session, tender, fact, actor=actor, now=now)
        payments.taken(session, tender.store_id, tender.id)
        return Outcome.APPLIED
    if _goes_on(session, taken, fact, actor=actor, now=now):
        return Outcome.APPLIED
    payments.late(session, tender, fact, after="paid", now=now)
    return _late(session, tender, fact, actor=actor, now=now)


def _goes_on(session: Session, tender: Any, fact: Paid, *, actor: str, now: datetime) -> bool:
    """What waited for this money goes on; False when nothing did, and then nothing was written."""
    if tender.top_up_id:
        return top_ups.paid(session, tender.store_id, tender.top_up_id, actor=actor, now=now)
    try:
        settle(session, tender.store_id, tender.order_id, actor=actor, now=now, transaction_id=fact.transaction_id)
    except WrongState:
        return False
    return True


def unmatched(session: Session, fact: Paid, outcome: Outcome, *, actor: str, now: datetime) -> None:
    """Put genuine money that fits no attempt of ours, or another amount than ours, on the desk (`amount_mismatch`).

    Nothing else is written: its repeat is looked at again, and tomorrow's bill names it once more.
    """
    assert outcome in (Outcome.MISMATCH, Outcome.UNKNOWN_ORDER), outcome
    log.error("payment_unmatched", outcome=outcome.value, trade_no=fact.trade_no)
    tender = payments.by_trade_no(session, fact.trade_no)
    expected_fen = tender.amount_fen if tender else 0
    facts = {"trade_no": fact.trade_no, "transaction_id": fact.transaction_id, "amount_fen": fact.amount_fen}
    key = {"store_id": tender.store_id, "order_id": tender.order_id} if tender else {}
    cases.open(
        session, "amount_mismatch", f"trade:{fact.trade_no}", money_fen=fact.amount_fen,
        facts=facts | {"expected_fen": expected_fen}, **key, cause=str(outcome), actor=actor, now=now,
    )  # fmt: skip


def settle(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime, **data: Any) -> None:
    """An order has all its money: what it held is spent, stored value becomes a tender, and the stores are asked.

    What was bought at a till leaves it (`code_sale.py`), with what other stores hand over (`aisle/completing.py`).

    :raises WrongState: the order waits for no money; nothing was written.  Of one that asked for a place in a group
        that is gone, that it ended (`groups/joining.py`).
    """
    waits = fetch(session, _ORDER, {"store": store_id, "id": order_id})[0]
    if waits.channel == "till":
        done = code_sale.complete if waits.mode == "counter" else completing.complete
        done(session, store_id, order_id, actor=actor, now=now, **data)
        return
    joining.take_or_end(session, store_id, order_id, actor=actor, now=now)
    moves.move(session, store_id, order_id, "pay", actor=actor, now=now, **data)
    stock.commit(session, None, order_id=order_id)
    order = fetch(session, _ORDER, {"store": store_id, "id": order_id})[0]
    stake = value.Stake.of(order)
    if stake.wallet.total_fen:
        wallet_tender.take(session, store_id, order_id, stake.wallet.total_fen, now=now)
    value.paid(session, stake, actor=actor, now=now)
    confirm.confirm(session, store_id, order_id, actor=actor, now=now)
    telling.paid(session, order, actor=actor, now=now)


def _late(session: Session, tender: Any, fact: Paid, *, actor: str, now: datetime) -> Outcome:
    restored = rescue.settle(session, tender, fact, actor=actor, now=now)
    return Outcome.RESTORED_LATE if restored else Outcome.REFUNDED_LATE
