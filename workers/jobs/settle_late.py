"""Late payments that went back: settled once WeChat has taken the refund."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.logs import log
from trade.orders.late import clearing

ACTOR = "job:settle_late"
BATCH = 100


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Settle what WeChat has taken back, BATCH a run, every 20 s; returns how many.  Safe to run twice at once.

    What is still open after its ten minutes is logged as an error at every run, and counted by `/metrics`.
    """
    with new_session() as session:
        with transaction(session):
            settled = clearing.settle_taken(session, most=BATCH, actor=ACTOR, now=clock.now())
        if overdue := clearing.overdue(session, now=clock.now()):
            log.error("late_payments_overdue", count=overdue)
    return settled
