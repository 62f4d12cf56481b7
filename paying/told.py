"""What WeChat says of a payment is applied, however it reached us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config.db import transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import pay
from trade.orders.pay import Outcome, receive, unmatched
from trade.payments.moves import Paid

ACTOR = "wechat"


def apply(session: Session, fact: Paid, *, now: datetime, claim: int | None = None) -> Outcome:
    """One success of WeChat in one transaction; where an old word proves nothing WeChat is asked once more.

    :param claim: of a payment code, the number of the question that this answers.
    """
    outcome = _applied(session, fact, now, claim=claim)
    if outcome is not Outcome.ASK_AGAIN:
        return outcome
    try:
        found = pay().query(fact.trade_no)
    except WeChatFailed as error:
        log.warning("payment_question_failed", code=error.code)
        return outcome
    return _applied(session, fact, now, sure=True) if found is not None and found.state == "SUCCESS" else outcome


def _applied(session: Session, fact: Paid, now: datetime, *, claim: int | None = None, sure: bool = False) -> Outcome:
    with transaction(session):
        outcome = receive(session, fact, actor=ACTOR, now=now, claim=claim, sure=sure)
        if outcome in (Outcome.MISMATCH, Outcome.UNKNOWN_ORDER):
            unmatched(session, fact, outcome, actor=ACTOR, now=now)
    return outcome
