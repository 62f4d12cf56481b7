"""What WeChat says of a payment is applied, however it reached us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config.db import let_go, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import pay
from trade.orders.pay import Outcome, receive, unmatched
from trade.payments.moves import Paid, by_trade_no

ACTOR = "wechat"


def apply(session: Session, fact: Paid, *, now: datetime, claim: int | None = None) -> Outcome:
    """One success of WeChat in one transaction; where an old word proves nothing WeChat is asked once more.

    :param claim: of a payment code, the number of the question that this answers.
    """
    outcome = _applied(session, fact, now, claim=claim)
    if outcome is not Outcome.ASK_AGAIN or not _has_ended(session, fact):  # what is asked before the end is old, too
        return outcome
    try:
        found = pay().query(fact.trade_no)
    except WeChatFailed as error:
        log.warning("payment_question_failed", code=error.code)
        return outcome
    return _applied(session, fact, now, sure=True) if found is not None and found.state == "SUCCESS" else outcome


def _has_ended(session: Session, fact: Paid) -> bool:
    tender = by_trade_no(session, fact.trade_no)
    let_go(session)
    return tender is not None and tender.state == "closed"


def _applied(session: Session, fact: Paid, now: datetime, *, claim: int | None = None, sure: bool = False) -> Outcome:
    with transaction(session):
        outcome = receive(session, fact, actor=ACTOR, now=now, claim=claim, sure=sure)
        if outcome in (Outcome.MISMATCH, Outcome.UNKNOWN_ORDER):
            unmatched(session, fact, outcome, actor=ACTOR, now=now)
    return outcome
