"""Paying in the mini-program: prepay, ask, close (wechat.md 2.6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.db import let_go, transaction
from config.errors import WeChatBusy, WrongState
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import pay
from paying.told import apply
from trade.orders import close
from trade.orders.pay import Outcome
from trade.payments import moves, top_ups
from trade.payments.moves import Paid


def open_payment(session: Session, store_id: int, order_id: int, *, openid: str, now: datetime) -> str:
    """The prepay id of the order's one open attempt, made at WeChat when it is not known there yet.

    :raises WrongState: the order does not wait for money.
    :raises WeChatBusy: WeChat did not answer; the same attempt is used by the next try.
    """
    with transaction(session):
        order = close.head(session, store_id, order_id)
        if order.state != "placed" or order.pay_by <= now:
            raise WrongState(order_id=order_id, state=order.state, event="pay")
        due_fen = order.payable_fen - order.wallet_principal_fen - order.wallet_bonus_fen
        tender = moves.intend(session, store_id, order_id, due_fen, payer=openid, now=now, expires_at=order.pay_by)
    return _prepay(session, tender, f"通店订单 {order_id}", openid)


def open_top_up(session: Session, member_id: int, top_up_id: int, *, openid: str, now: datetime) -> str:
    """The same for a top-up of this member.

    :raises WrongState: the top-up does not wait for money.
    :raises WeChatBusy: WeChat did not answer; the same attempt is used by the next try.
    """
    with transaction(session):
        top_up = top_ups.of_member(session, member_id, top_up_id)
        if top_up.state != "placed" or top_up.pay_by <= now:
            raise WrongState(top_up_id=top_up_id, state=top_up.state, event="pay")
        tender = moves.intend_top_up(session, top_up, payer=openid, now=now)
    return _prepay(session, tender, f"通店储值 {top_ups.number(top_up.store_id, top_up_id)}", openid)


def _prepay(session: Session, tender: Any, description: str, openid: str) -> str:
    if tender.state == "closing":
        raise WrongState(order_id=tender.order_id, state="closing", event="pay")
    if tender.prepay_id:
        return str(tender.prepay_id)
    try:
        prepay_id = pay().prepay(
            trade_no=tender.trade_no,
            description=description,
            amount_fen=tender.amount_fen,
            openid=openid,
            expires_at=tender.expires_at,
        )
    except WeChatFailed as error:
        raise WeChatBusy(code=error.code) from error
    with transaction(session):
        moves.prepaid(session, tender.store_id, tender.id, prepay_id)
    return str(prepay_id)


def ask(session: Session, tender: Any, *, now: datetime) -> bool:
    """Ask WeChat about one open attempt and apply a success; True when it was paid, whatever the amount.

    One that was paid with another amount than ours stays as it is, for the desk: nothing of it is freed.
    """
    try:
        found = pay().query(tender.trade_no)
    except WeChatFailed as error:
        log.warning("payment_question_failed", code=error.code)
        found = None
    if found is not None and found.paid:
        outcome = apply(session, Paid(found.trade_no, found.transaction_id, found.amount_fen, found.payer), now=now)
        if outcome is not Outcome.MISMATCH:
            return True
    with transaction(session):
        moves.ask_later(session, tender.store_id, tender.id, tender.asked, now=now)
    return found is not None and found.paid


def ask_if_due(session: Session, store_id: int, order_id: int, *, now: datetime) -> bool:
    """The customer is looking: ask at once, but no oftener than the plan of questions says."""
    return _ask_if_due(session, moves.open_tender(session, store_id, order_id), now)


def ask_top_up_if_due(session: Session, store_id: int, top_up_id: int, *, now: datetime) -> bool:
    """The same for a top-up."""
    return _ask_if_due(session, moves.open_top_up_tender(session, store_id, top_up_id), now)


def _ask_if_due(session: Session, tender: Any | None, now: datetime) -> bool:
    let_go(session)
    return tender is not None and (tender.ask_at is None or tender.ask_at <= now) and ask(session, tender, now=now)


def close_payment(session: Session, store_id: int, order_id: int, *, now: datetime) -> bool:
    """Make sure that nobody can pay the order any more; False when it turned out to be paid.

    Query, close, query again: stock is freed only after WeChat confirmed the close.

    :raises WeChatBusy: WeChat did not answer; nothing was freed.
    """
    return _close(session, moves.open_tender(session, store_id, order_id), now)


def close_top_up(session: Session, store_id: int, top_up_id: int, *, now: datetime) -> bool:
    """The same for a top-up."""
    return _close(session, moves.open_top_up_tender(session, store_id, top_up_id), now)


def close_left_open(session: Session, tender: Any, *, now: datetime) -> bool:
    """Settle one attempt that nobody closed to the end (`payments/janitor.py`); True when nobody can pay it any more.

    :raises WeChatBusy: WeChat did not answer; it is asked again.
    """
    return _close(session, tender, now)


def _close(session: Session, tender: Any | None, now: datetime) -> bool:
    let_go(session)
    if tender is None:
        return True
    with transaction(session):
        moves.closing(session, tender.store_id, tender.id, now=now)
    try:
        if ask(session, tender, now=now):
            return False
        if pay().query(tender.trade_no) is not None:  # else WeChat never heard of it, and there is nothing to close
            pay().close(tender.trade_no)
            found = pay().query(tender.trade_no)
            if found is not None and found.paid:
                ask(session, tender, now=now)
                return False
            if found is not None and not found.closed:
                raise WeChatBusy(code="CLOSE_NOT_CONFIRMED")
    except WeChatFailed as error:
        raise WeChatBusy(code=error.code) from error
    with transaction(session):
        return moves.closed(session, tender.store_id, tender.id)
