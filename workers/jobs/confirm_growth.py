"""Growth whose after-sale window is over counts for good, and lifts who reaches a tier by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import growth, tiers

ACTOR = "job:confirm_growth"
BATCH = 200


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Confirm what arrived, BATCH lots a transaction; every ten minutes; returns how many lots.

    Safe to run twice and in two workers at once: members are locked, and what is confirmed is not found again.
    """
    now = now or clock.now()
    done = 0
    with new_session() as session:
        while True:
            with transaction(session):
                members = tiers.lock(session, growth.arriving(session, now=now, most=BATCH))
                batch = growth.arrive(session, members, actor=ACTOR, now=now)
                tiers.judge(session, members, actor=ACTOR, now=now)
            done += batch
            if not batch:
                return done
