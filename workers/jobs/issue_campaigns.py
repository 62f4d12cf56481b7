"""Campaigns under way give their coupons, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member.coupons import campaign

ACTOR, BATCH, BATCHES = "job:issue_campaigns", 500, 100


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Go on with every campaign that is not over; every minute; returns how many members it looked at.

    BATCH members a transaction and at most BATCHES transactions a run (about 15 s), the oldest campaign first, so that
    the queue's other jobs are not held up.  Safe to run twice and in two workers at once: a campaign is taken by one of
    them, the other passes it by.
    """
    now, looked, left = now or clock.now(), 0, BATCHES
    with new_session() as session:
        for campaign_id in campaign.under_way(session, most=BATCHES):
            while left:
                left -= 1
                with transaction(session):
                    batch = campaign.step(session, campaign_id, actor=ACTOR, now=now, most=BATCH)
                looked += batch
                if not batch:
                    break
    return looked
