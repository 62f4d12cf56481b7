"""From the journal to the queues: offers every row whose effect is not done yet.

The relay never marks a row done; the job does, with its effect.  A row whose lease ran out is offered
again, so a lost job, worker or Redis costs seconds and nothing else.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Callable

from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from config.logs import log, set_up
from config.queues import queue, retry
from config.settings import settings
from workers.routes import ALSO, OFFERED

BATCH = 100
IDLE_S = 0.25


def relay_once(new_session: Callable[[], Session] = open_session) -> int:
    """Lease one batch and enqueue its jobs, about 100 rows a job; returns how many rows."""
    with new_session() as session:
        with transaction(session):
            journal.close_without_effect(session, list(OFFERED))
        with transaction(session):
            leased = journal.lease(session, list(OFFERED), now=clock.now(), most=BATCH, also=ALSO)
    jobs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row_id, kind in leased:
        jobs[OFFERED[kind]].append(row_id)
    for (where, job), ids in jobs.items():
        queue(where).enqueue(f"workers.jobs.{job}.run", ids, retry=retry(), result_ttl=60, failure_ttl=600)
    return len(leased)


def main() -> None:
    """Run until told to stop; wait and go on when PostgreSQL or Redis is away."""
    set_up(settings().log_level)
    stopping: list[int] = []
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda number, _frame: stopping.append(number))
    while not stopping:
        try:
            busy = relay_once() == BATCH
        except (SQLAlchemyError, RedisError, OSError) as error:
            log.warning("relay_waits", error=type(error).__name__)
            busy = False
        if not busy:
            time.sleep(IDLE_S)


if __name__ == "__main__":
    main()
