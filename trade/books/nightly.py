"""One run over all books: prove, put what differs on the desk and take off what does not, and tell the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import journal
from config.db import transaction
from config.logs import log
from trade.books.registry import BOOKS, Proved, prove
from trade.exceptions import cases

MOST = 1000
"""A proof shows at most so many of one fault; then one that is not shown may still be there."""


def settle(session: Session, proved: Proved, *, actor: str = "proof", now: datetime) -> tuple[int, int]:
    """Open what a proof found new and close what it no longer finds; returns how many of each.

    An exception of a book is of kind `book_differs` and subject `<book> <key>`.
    """
    if BOOKS[proved.book].mended:
        return 0, 0
    return cases.settle(
        session,
        "book_differs",
        f"{proved.book} ",
        [_case(proved, key, row) for key, row in zip(proved.keys, proved.rows, strict=True)],
        whole=len(proved.rows) < MOST,
        actor=actor,
        now=now,
    )


def _case(proved: Proved, key: str, row: dict[str, Any]) -> dict[str, Any]:
    stake = abs(row.get("at_stake", 0))
    return {
        "subject": f"{proved.book} {key}",
        "store_id": row.get("store_id"),
        "order_id": row.get("order_id"),
        "money_fen": stake if proved.unit == "fen" else 0,
        "at_stake": stake,
        "unit": proved.unit,
        "cause": proved.book,
        "facts": row,
    }


def run(new_session: Callable[[], Session], *, actor: str, now: datetime, only: Sequence[str] = ()) -> list[Proved]:
    """Compare every ledger with its balance; a difference is logged, journalled and made an exception, never mended.

    Only the Redis projection is mended: it is no book.
    """
    with new_session() as session, transaction(session):
        proved = prove(session, only)
        for one in proved:
            settle(session, one, now=now)
            if one.rows:
                log.error("books_differ", book=one.book, count=len(one.rows), first=one.keys[0])
        counts = {one.book: len(one.rows) for one in proved}
        journal.record(session, "books.proved", "books:all", actor=actor, now=now, differences=counts)
    return proved
