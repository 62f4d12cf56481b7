"""Anniversaries, graces and grants: tiers that time alone changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import tiers

ACTOR = "job:evaluate_tiers"
BATCH = 200


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Take every step that is due, BATCH members a transaction; hourly; returns how many steps.

    Safe to run twice and in two workers at once.  A run that comes late judges by the moments that were due.
    """
    now = now or clock.now()
    steps = 0
    with new_session() as session:
        while True:
            with transaction(session):
                batch = tiers.evaluate_due(session, actor=ACTOR, now=now, most=BATCH)
            steps += batch
            if not batch:
                return steps
