"""Something happened to orders: those of other channels get a new place in what their channel reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from trade.orders.intake import feed


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Move the channels' orders among these facts to the end of their feeds and mark the facts done; how many moved.

    One statement for all of them, whatever they are about.  Safe to run twice: a channel then reads an order once more.
    """
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        moved = feed.touch(session, feed.keys(rows)) if rows else 0
        journal.finish(session, [row.id for row in rows], now=clock.now())
    return moved
