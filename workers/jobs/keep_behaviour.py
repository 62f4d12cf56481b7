"""The tables of events: made for the days to come, dropped when their time is over; and a day's counts are proved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from config import clock
from config.clock import business_day
from config.db import open_session, transaction
from config.logs import log
from recommend import counting, partitions
from recommend.definitions import LATE


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Make and drop tables, daily on `clock`; returns how many were made.

    The newest day for which nothing can come any more is recounted: a job that fails opens an exception.
    """
    now = clock.now()
    with new_session() as session:
        with transaction(session):
            made, dropped = partitions.keep(session, now=now)
        closed = business_day(now - LATE) - timedelta(days=1)
        with transaction(session):
            differ = counting.recount(session, closed, closed)
    if made or dropped:
        log.info("behaviour_partitions", made=made, dropped=dropped)
    assert not differ, f"counts of {closed} differ from a recount: {differ}"
    return made
