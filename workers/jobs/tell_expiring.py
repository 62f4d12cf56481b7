"""Members are told what will expire: a fact for each, 30, 7 and 1 days before."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import liability


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Write `points.expiring` once for each member, date and stage; hourly; returns how many."""
    with new_session() as session, transaction(session):
        return liability.tell_expiring(session, now=clock.now())
