"""After-sales cases whose time is over: answered for the store, or closed because nothing was sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.errors import Refused, WrongState
from trade.orders.aftersales import clocks

ACTOR = "clock"
BATCH = 100


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Deal with what is due, BATCH of each a run, every minute, one transaction a case; returns how many.

    Safe to run twice at once: the guard of each move lets one win.  What cannot be granted by a machine goes to the
    head office.
    """
    now, done = clock.now(), 0
    with new_session() as session:
        with transaction(session):
            unanswered = clocks.unanswered(session, now=now, most=BATCH)
            unsent = clocks.unsent(session, now=now, most=BATCH)
        for key in unanswered:
            with suppress(WrongState):
                _answer(session, key)
                done += 1
        for store_id, case_id in unsent:
            with suppress(WrongState), transaction(session):
                clocks.close_unsent(session, store_id, case_id, actor=ACTOR, now=now)
                done += 1
    return done


def _answer(session: Session, key: tuple[int, int]) -> None:
    try:
        with transaction(session):
            clocks.answer_for_the_store(session, *key, actor=ACTOR, now=clock.now())
    except WrongState:
        raise
    except Refused:
        with transaction(session):
            clocks.escalate(session, *key, actor=ACTOR, now=clock.now())
