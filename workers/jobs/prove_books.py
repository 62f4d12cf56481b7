"""The nightly proof: stock equals its movements, points equal their lots, the mall shows what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import Gauge
from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from config.logs import log
from member import points
from trade.orders import proof as order_proof
from trade.stock import availability
from trade.stock import proof as stock_proof

DIFFERENCES = Gauge("tongdian_book_differences", "Differences found by the last proof", ["book"])


def run(new_session: Callable[[], Session] = open_session) -> dict[str, int]:
    """Compare every ledger with its balance; a difference is logged, journalled and counted, never mended.

    Only the Redis projection is mended: it is no book.
    """
    with new_session() as session, transaction(session):
        found: dict[str, list[Any]] = {
            "stock": stock_proof.differences(session),
            "points": points.check(session),
            "orders": order_proof.differences(session),
            "shown": availability.compare(session, mend=True),
        }
        for book, rows in found.items():
            DIFFERENCES.labels(book).set(len(rows))
            if rows:
                log.error("books_differ", book=book, count=len(rows), first=str(rows[0]))
        journal.record(
            session,
            "books.proved",
            "books:all",
            actor="clock",
            now=clock.now(),
            differences={book: len(rows) for book, rows in found.items()},
        )
    return {book: len(rows) for book, rows in found.items()}
