"""Campaigns under way give their coupons, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member.coupons import campaign

ACTOR, BATCH, RUNS = "job:issue_campaigns", 500, 20


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Go on with every run that is not over, BATCH members a transaction, every minute; returns how many it looked at.

    Safe to run twice and in two workers at once: a run is taken by one of them, the other passes it by.
    """
    now, looked = now or clock.now(), 0
    with new_session() as session:
        for campaign_id in campaign.under_way(session, most=RUNS):
            while True:
                with transaction(session):
                    batch = campaign.step(session, campaign_id, actor=ACTOR, now=now, most=BATCH)
                looked += batch
                if not batch:
                    break
    return looked
