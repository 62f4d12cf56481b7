"""Baskets put aside end with their business day; the journal has the report of each store."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from trade.orders.held import moves


def run(new_session: Callable[[], Session] = open_session) -> int:
    """End what was held on a day that is over, but for what a till is editing; returns how many.

    Every minute on queue `clock`.  Safe to run twice, or in two workers at once: the state guard lets one win.
    """
    with new_session() as session, transaction(session):
        return moves.expire(session, now=clock.now())
