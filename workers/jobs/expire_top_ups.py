"""Top-ups that nobody paid in time are closed, once WeChat agrees."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session, transaction
from config.errors import WeChatBusy
from paying import online
from trade.payments import top_ups

ACTOR = "job:expire_top_ups"
BATCH = 50
GRACE = timedelta(seconds=60)
_OVERDUE = text(
    "SELECT store_id, id FROM top_up WHERE state = 'placed' AND pay_by < :before ORDER BY pay_by LIMIT :most"
)


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Close top-ups a minute past their deadline; returns how many.

    At most BATCH a run.  One that turns out to be paid is credited; one that WeChat does not close yet is tried
    again.  Safe to run twice, or in two workers at once.
    """
    closed = 0
    with new_session() as session:
        overdue = session.execute(_OVERDUE, {"before": clock.now() - GRACE, "most": BATCH}).all()
        let_go(session)
        for store_id, top_up_id in overdue:
            with suppress(WeChatBusy):
                if online.close_top_up(session, store_id, top_up_id, now=clock.now()):
                    with transaction(session):
                        closed += top_ups.expire(session, store_id, top_up_id, actor=ACTOR, now=clock.now())
    return closed
