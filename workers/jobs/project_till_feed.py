"""Prices or goods changed: what tills sell by without us follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from trade.pricing import till_feed


def run(ids: Sequence[int] = (), new_session: Callable[[], Session] = open_session) -> int:
    """Write anew what changed for every store with a till, a transaction each; returns how many chunks.

    Also every hour, for what no fact tells of.  The rows are finished last, so a crash repeats it; safe to run twice
    at once.
    """
    written = 0
    with new_session() as session:
        stores = till_feed.stores(session)
        let_go(session)
        for store_id in stores:
            with transaction(session):
                written += till_feed.project(session, store_id, now=clock.now())
        with transaction(session):
            journal.finish(session, [row.id for row in journal.take(session, ids)], now=clock.now())
    return written
