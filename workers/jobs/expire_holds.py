"""Unpaid promises of stock whose time is over are free again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from trade.stock import expiry

ACTOR = "job:expire_holds"
BATCH = 500


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Free what is due, BATCH promises a transaction, every ten seconds; returns how many orders lost theirs.

    Safe to run twice, and in two workers at once: a promise is freed by one of them.
    """
    orders = 0
    with new_session() as session:
        while True:
            with transaction(session):
                gone = expiry.expire_holds(session, actor=ACTOR, now=clock.now(), most=BATCH)
            if not gone:
                return orders
            orders += len(gone)
