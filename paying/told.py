"""What WeChat says of a payment is applied, however it reached us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config.db import transaction
from trade.orders.pay import Outcome, receive, unmatched
from trade.payments.moves import Paid

ACTOR = "wechat"


def apply(session: Session, fact: Paid, *, now: datetime) -> Outcome:
    """One success of WeChat in one transaction."""
    with transaction(session):
        outcome = receive(session, fact, actor=ACTOR, now=now)
        if outcome in (Outcome.MISMATCH, Outcome.UNKNOWN_ORDER):
            unmatched(session, fact, outcome, actor=ACTOR, now=now)
    return outcome
