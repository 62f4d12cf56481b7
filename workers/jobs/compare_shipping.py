"""Once a day WeChat is asked whether the duty holds for us, and what it has of the last days is held against ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from config import clock
from config.clock import SHANGHAI
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import shipping
from trade.orders.shipping import compare, read

ACTOR = "job:compare_shipping"
BACK = timedelta(days=15)
SETTLED = timedelta(hours=1)
"""What was paid within the last hour may be on its way to WeChat's list."""
MARGIN = timedelta(hours=1)
"""Our clock of a payment is its notice's: WeChat's list is asked for a little more on either side."""
EVERY, AT_LATEST = timedelta(hours=20), timedelta(hours=30)
NIGHT_H = 6


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Ask and compare once a day, by night if it can, hourly until it worked; returns how many payments differed."""
    now = clock.now()
    with new_session() as session:
        asked_at = read.asked_at(session)
        waited = now - asked_at if asked_at else AT_LATEST
        if waited < EVERY or (waited < AT_LATEST and now.astimezone(SHANGHAI).hour > NIGHT_H):
            return 0
        let_go(session)
        try:
            managed = shipping().managed()
            since, until = now - BACK, now - SETTLED
            listed = list(shipping().listed(since - MARGIN, until + MARGIN)) if managed else []
        except WeChatFailed as failed:
            log.warning("shipping_not_compared", code=failed.code)
            return 0
        with transaction(session):
            found = compare.Found()
            if managed:
                found = compare.compare(session, listed, since=since, until=until, actor=ACTOR, now=now)
            read.remember(session, managed, now=now)
    if found.missing or found.differing or found.forgotten:
        log.error("shipping_differs", missing=found.missing, differing=found.differing, forgotten=found.forgotten)
    return found.missing + found.differing + found.forgotten
