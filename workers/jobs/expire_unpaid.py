"""Unpaid orders past their deadline give back what they hold, once WeChat agrees."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session, transaction
from config.errors import WeChatBusy, WrongState
from paying import online
from trade.orders import close

ACTOR = "job:expire_unpaid"
BATCH = 50
GRACE = timedelta(seconds=60)
_OVERDUE = text("""
    SELECT store_id, id FROM sale_order o WHERE state = 'placed' AND pay_by < :before AND NOT EXISTS (
        SELECT FROM tender t WHERE t.store_id = o.store_id AND t.order_id = o.id AND t.state = 'closing')
    ORDER BY pay_by LIMIT :most""")


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Cancel orders a minute past their deadline and free what they hold; returns how many.

    At most BATCH a run.  An order whose payment cannot be closed at WeChat stays held until `settle_payments` has
    closed it; one that turns out to be paid is fulfilled.  Safe to run twice, or in two workers at once.
    """
    expired = 0
    with new_session() as session:
        overdue = session.execute(_OVERDUE, {"before": clock.now() - GRACE, "most": BATCH}).all()
        let_go(session)
        for store_id, order_id in overdue:
            with suppress(WrongState, WeChatBusy):
                if online.close_payment(session, store_id, order_id, now=clock.now()):
                    with transaction(session):
                        close.expire(session, store_id, order_id, actor=ACTOR, now=clock.now())
                    expired += 1
    return expired
