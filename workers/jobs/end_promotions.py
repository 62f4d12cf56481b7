"""Promotions that are over: what 秒杀 did not sell is free again, and a day later they are ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session, transaction
from config.errors import WrongState
from trade.orders import seckill
from trade.pricing.promotions.book import REMEMBERED

ACTOR = "job:end_promotions"
BATCH = 100


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Tidy at most BATCH promotions, each in its transaction; every minute; returns how many.

    No price depends on it: a rule that is over does nothing, and says so for a day.  Safe to run twice.
    """
    now = clock.now()
    with new_session() as session:
        due = seckill.over(session, now=now, remembered_until=now - REMEMBERED, most=BATCH)
        let_go(session)
        for promotion_id in due:
            with suppress(WrongState), transaction(session):
                seckill.tidy(session, promotion_id, remembered_until=now - REMEMBERED, actor=ACTOR, now=now)
    return len(due)
