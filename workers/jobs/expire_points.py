"""Points whose time is over leave the balance."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import points

BATCH = 500


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Expire due lots, BATCH at a time, each batch in its transaction; hourly; returns how many."""
    gone = 0
    with new_session() as session:
        while True:
            with transaction(session):
                batch = points.expire_due(session, now=clock.now(), most=BATCH)
            gone += batch
            if batch < BATCH:
                return gone
