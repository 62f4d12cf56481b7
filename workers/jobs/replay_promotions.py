"""Replays that were asked for go on, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.logs import log
from trade.orders import replay

BATCH, BATCHES = 500, 6


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Price the next orders of every replay that is not over, the oldest first; returns how many.

    Every five seconds on queue `clock`; BATCH orders a transaction and at most BATCHES transactions a run, so that the
    queue's other jobs are not held up.  Safe to run twice and in two workers at once: a replay is taken by one of them.
    One that fails is ended, so that it does not keep the others waiting.
    """
    now, priced, left = now or clock.now(), 0, BATCHES
    with new_session() as session:
        for replay_id in replay.under_way(session, most=BATCHES):
            while left:
                left -= 1
                try:
                    with transaction(session):
                        batch = replay.step(session, replay_id, most=BATCH, now=now)
                except OperationalError:
                    raise
                except Exception as error:
                    log.error("replay_failed", exc_info=error, replay_id=replay_id)
                    with transaction(session):
                        replay.end(session, replay_id, "failed", now=now)
                    break
                priced += batch
                if not batch:
                    break
    return priced
