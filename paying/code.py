"""Payment codes at the till (付款码): the calls, between their transactions (wechat.md 2.8, `trade/payments/codes/`).

    the till's request   intent saved with the sale, then `start`: the one charge
    from then on         `follow`, whoever comes first: the worker every second, a cashier who asks or cancels

One question is asked at a time; who asks holds a claim, and writes only while it is theirs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import clock
from config.db import transaction
from config.errors import Refused
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.pay import Found
from config.wechat.ready import pay
from paying import told
from trade.orders import close
from trade.orders.numbers import number
from trade.orders.pay import Outcome
from trade.payments.codes import moves, plan, read
from trade.payments.moves import Paid

ACTOR = told.ACTOR
UNANSWERED = ("ANSWER_NOT_SIGNED", "SYSTEM_ERROR")
"""Failures beside those of the network that say nothing of what became of the charge."""


class TooEarlyToCancel(Refused):
    """WeChat takes no reversal before `may_cancel_at`."""

    code = "too_early_to_cancel"


def start(session: Session, store_id: int, tender_id: int, auth_code: str) -> None:
    """Charge the code, once: a second call, or one after the attempt was given up, does nothing."""
    with transaction(session):
        tender = moves.send(session, store_id, tender_id, now=clock.now())
    if tender is None:
        return
    try:
        found = pay().charge_code(
            trade_no=tender.trade_no,
            description=f"通店门店 {number(store_id, tender.order_id)}",
            amount_fen=tender.amount_fen,
            auth_code=auth_code,
            store_no=str(store_id),
            device=f"T{tender.till_id}",
        )
    except WeChatFailed as error:
        log.warning("code_not_charged", code=error.code, trade_no=tender.trade_no)
        unsure = error.retryable or error.code in UNANSWERED
        _heard(session, tender, plan.UNKNOWN if unsure else error.code)
        if not unsure:
            follow(session, store_id, tender_id)
        return
    whole = found.state == "SUCCESS" and found.amount_fen > 0
    if not (whole and _paid(session, tender, found)):
        _heard(session, tender, plan.PAYING if found.state == plan.PAYING else plan.UNKNOWN)


def cancel(session: Session, store_id: int, tender_id: int, *, actor: str) -> None:
    """The cashier gives it up: it is reversed now, or as soon as WeChat answers.

    :raises TooEarlyToCancel: nothing was done.
    """
    tender, now = read.one(session, store_id, tender_id), clock.now()
    may_at = plan.may_reverse_at(tender.sent_at or tender.created_at)
    if tender.state in ("created", "prepaid") and now < may_at:
        raise TooEarlyToCancel(may_cancel_at=may_at.isoformat())
    with transaction(session):
        moves.reverse(session, tender, claimed=False, actor=actor, now=now)
    follow(session, store_id, tender_id)


def follow(session: Session, store_id: int, tender_id: int) -> None:
    """Ask WeChat about one attempt, if that is due and nobody else does, and do what follows from its answer."""
    now = clock.now()  # what is said of a moment is no older than it
    with transaction(session):
        tender = moves.claim(session, store_id, tender_id, now=now)
    if tender is None:
        return
    found = _asked(tender)
    if isinstance(found, Found) and found.state == "SUCCESS" and _paid(session, tender, found):
        return
    if tender.state == "closing" or _is_over(session, tender, found, now):
        _undo(session, tender, found)
    elif isinstance(found, WeChatFailed) or found is None:
        _heard(session, tender, tender.said if plan.refused(tender.said) else plan.UNKNOWN)
    else:
        _heard(session, tender, found.state if found.state in (plan.PAYING, plan.FAILED) else plan.UNKNOWN)


def _asked(tender: Any) -> Found | WeChatFailed | None:
    try:
        return pay().query(tender.trade_no)
    except WeChatFailed as error:
        log.warning("code_question_failed", code=error.code, trade_no=tender.trade_no)
        return error


def _is_over(session: Session, tender: Any, found: Found | WeChatFailed | None, now: datetime) -> bool:
    """Whether nobody waits for the money any more: it is being reversed from now on, by this claim.

    :param now: when the question was put.
    """
    if isinstance(found, WeChatFailed):
        return False
    began_at = tender.sent_at or tender.created_at
    undone = found is not None and found.undone
    failed = found is None or undone or found.state == plan.FAILED
    unsent = tender.state == "created"  # and nobody will: sending is a step from `created`
    for_good = undone or (failed and plan.refused(tender.said))
    in_time = now < (plan.may_reverse_at(began_at) if failed else plan.ends_at(began_at))
    if in_time and not (unsent or for_good):
        return False
    with transaction(session):
        return moves.reverse(session, tender, claimed=True, actor=ACTOR, now=now)


def _undo(session: Session, tender: Any, found: Found | WeChatFailed | None) -> None:
    """Reverse until WeChat says that it is; what it never heard of, or has undone itself, is over without."""
    if isinstance(found, Found) and not found.undone and not _refused_for_good(tender, found):
        if not moves.is_mine(session, tender):
            return
        try:
            pay().reverse(tender.trade_no)
        except WeChatFailed as error:
            log.warning("code_not_reversed", code=error.code, trade_no=tender.trade_no)
        found = _asked(tender)
    if found is None or (isinstance(found, Found) and (found.undone or _refused_for_good(tender, found))):
        _end(session, tender)
    else:
        now = clock.now()
        with transaction(session):
            moves.hear(session, tender, tender.said or plan.UNKNOWN, plan.again_at(tender.reversing_at or now, now))


def _refused_for_good(tender: Any, found: Found) -> bool:
    """WeChat refused the charge, and says of it that it failed."""
    return found.state == plan.FAILED and plan.refused(tender.said)


def _end(session: Session, tender: Any) -> None:
    """It is reversed: the sale is cancelled, and everything it held is free."""
    now = clock.now()
    with transaction(session):
        if moves.reversed_(session, tender, actor=ACTOR, now=now):
            close.expire(session, tender.store_id, tender.order_id, actor=ACTOR, now=now)


def _paid(session: Session, tender: Any, found: Found) -> bool:
    """Apply a success; False when the amount is another than ours, which is for the desk."""
    fact = Paid(found.trade_no, found.transaction_id, found.amount_fen, found.payer)
    outcome = told.apply(session, fact, now=clock.now(), claim=tender.asked)
    return outcome is not Outcome.MISMATCH


def _heard(session: Session, tender: Any, said: str) -> None:
    now, began_at = clock.now(), tender.sent_at or tender.created_at
    at = now if plan.refused(said) and not plan.refused(tender.said) else plan.next_ask_at(began_at, said, now)
    with transaction(session):
        moves.hear(session, tender, said, at)
