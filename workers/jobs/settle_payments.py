"""Attempts that were not closed to the end: WeChat is asked until their end is known."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session
from config.errors import WeChatBusy
from paying import online
from trade.payments import janitor

BATCH = 20


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Settle what is due, BATCH a run, every 20 s; returns how many nobody can pay any more.

    One that turns out to be paid is applied; one that WeChat does not close yet is asked about again.  Safe to run
    twice at once: every end is a guarded update.
    """
    closed = 0
    with new_session() as session:
        due = janitor.attempts(session, now=clock.now(), most=BATCH)
        let_go(session)
        for tender in due:
            with suppress(WeChatBusy):
                closed += online.close_left_open(session, tender, now=clock.now())
    return closed
