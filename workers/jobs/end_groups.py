"""Groups of buyers that are not full in time: everybody gets their money back."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session, transaction
from trade.orders.groups import ending

ACTOR = "job:end_groups"
BATCH = 100


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Fail at most BATCH groups, each in its transaction; every five seconds; returns how many orders were refunded.

    Safe to run twice, or in two workers at once: the group is locked, and fails once.
    """
    now = clock.now()
    refunded = 0
    with new_session() as session:
        due = ending.due(session, now=now, most=BATCH)
        let_go(session)
        for group_id in due:
            with transaction(session):
                refunded += ending.fail(session, group_id, actor=ACTOR, now=clock.now())
    return refunded
