"""Points that waited for the after-sale window become spendable."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import points

BATCH = 200


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Confirm what is due, BATCH sources at a time, each batch in its transaction; returns how many."""
    done = 0
    with new_session() as session:
        while True:
            with transaction(session):
                batch = points.confirm_due(session, now=clock.now(), most=BATCH)
            done += batch
            if batch < BATCH:
                return done
