"""Tickets whose time is over: the desk is told of those not answered, and answered ones close by themselves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.errors import WrongState
from trade.orders.service import moves

ACTOR = "clock"
BATCH = 100


def run(new_session: Callable[[], Session] = open_session) -> int:
    """At most BATCH of each a run, every minute; returns how many.  Safe to run twice at once: guards let one win."""
    now = clock.now()
    with new_session() as session:
        with transaction(session):
            done = moves.alarm(session, actor=ACTOR, now=now, most=BATCH)
            due = moves.quiet(session, now=now, most=BATCH)
        for ticket_id in due:
            with suppress(WrongState), transaction(session):
                moves.close(session, ticket_id, "clock", actor=ACTOR, now=now)
                done += 1
    return done
