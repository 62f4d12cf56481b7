"""Orders were paid, returned or cancelled: whoever is credited for them follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from trade.settlement.credits import posting


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Credit what the given journal rows are about, and mark them done; returns how many entries.

    On queue `effects`, about 100 rows a job.  Safe to run twice, late, in any order and in two workers at once: credit
    follows from the documents an order has, not from what is told of it.
    """
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        keys = [(row.data["store_id"], row.data["order_id"]) for row in rows]
        entered = posting.post(session, keys, now=clock.now())
        journal.finish(session, [row.id for row in rows], now=clock.now())
    return entered
