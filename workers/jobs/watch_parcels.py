"""Clocks of parcels: a store that does not answer is passed by, a customer who does not answer is refunded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.errors import NotFound, WrongState
from trade.fulfilment import parcels
from trade.orders import rerouting

ACTOR = "job:watch_parcels"
BATCH = 50


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Deal with the parcels whose clock ran out, the oldest first, at most BATCH of each; returns how many.

    Every five seconds on queue `clock`, one transaction a parcel.  Safe to run twice and in two workers at once: the
    state of the parcel lets one win, and an answer that came a moment before counts.
    """
    now, done = now or clock.now(), 0
    with new_session() as session:
        late = [(rerouting.time_out, key) for key in rerouting.overdue(session, now=now, most=BATCH)]
        silent = [(_give_up, key) for key in rerouting.unanswered(session, now=now, most=BATCH)]
        for work, key in late + silent:
            with suppress(WrongState, NotFound), transaction(session):
                work(session, parcels.one(session, key.store_id, key.id), actor=ACTOR, now=now)
                done += 1
    return done


def _give_up(session: Session, parcel: object, *, actor: str, now: datetime) -> str:
    rerouting.give_up(session, parcel, "no_answer", actor=actor, now=now)
    return "cancelled"
