"""How often each store says no: a score of routing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from trade.fulfilment import rejects


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Count every store's last answers anew; returns how many figures changed.  Hourly on queue `clock`; repeatable."""
    with new_session() as session, transaction(session):
        return rejects.count(session, now=now or clock.now())
