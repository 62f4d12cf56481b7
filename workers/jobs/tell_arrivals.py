"""Who waited for goods that were sold out is told that their store has them again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from trade.orders import telling
from trade.stock import wishes


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Write what is to be told, each wish once; every minute on `clock`; returns how many."""
    with new_session() as session, transaction(session):
        now = clock.now()
        found = wishes.come_true(session, now=now)
        for wish in found:
            telling.arrived(session, wish, now=now)
    return len(found)
