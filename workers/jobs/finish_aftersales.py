"""After-sales cases whose refunds have arrived, or are stuck at WeChat."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.errors import WrongState
from trade.orders.aftersales import refunding

ACTOR = "clock"
BATCH = 100


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Bring cases to where their refunds stand, BATCH a run, every 20 s; returns how many.  Safe to run twice at once.

    The refunds themselves are asked on by `ask_refunds`, each under the number it has.
    """
    done = 0
    with new_session() as session:
        with transaction(session):
            due = refunding.to_follow(session, most=BATCH)
        for store_id, case_id in due:
            with suppress(WrongState), transaction(session):
                refunding.follow(session, store_id, case_id, actor=ACTOR, now=clock.now())
                done += 1
    return done
