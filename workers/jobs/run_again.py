"""Somebody asked for a job by the clock to run now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from config.queues import queue, retry
from workers.schedule import EVERY


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Enqueue what the given rows ask for and mark them done; returns how many jobs.

    Enqueued before the commit: a crash between the two runs a job twice, which every job bears.
    """
    where = {job.rsplit(".", 1)[1]: (queue_name, job) for job, queue_name, _ in EVERY}
    started = 0
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        for row in rows:
            if known := where.get(row.data["job"]):
                queue(known[0]).enqueue(f"{known[1]}.run", retry=retry(), result_ttl=60, failure_ttl=600)
                started += 1
        journal.finish(session, [row.id for row in rows], now=clock.now())
    return started
