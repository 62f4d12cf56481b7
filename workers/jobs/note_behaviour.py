"""Orders and till sales are noted as behaviour of members who agreed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from recommend import orders


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Note the given journal rows, closed in the same transaction; on queue `clock`; returns how many events."""
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        told = [
            orders.Told(row.data["of"], row.data["fact"], row.data["store_id"], row.data["order_id"], row.at)
            for row in rows
        ]
        noted = orders.note(session, told, now=clock.now())
        journal.finish(session, [row.id for row in rows], now=clock.now())
    return noted
