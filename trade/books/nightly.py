"""One run over all books: prove, open and close exceptions, count, and tell the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config import journal
from config.db import transaction
from config.logs import log
from trade.books import exceptions
from trade.books.registry import Proved, prove


def run(new_session: Callable[[], Session], *, actor: str, now: datetime, only: Sequence[str] = ()) -> list[Proved]:
    """Compare every ledger with its balance; a difference is logged, journalled and made an exception, never mended.

    Only the Redis projection is mended: it is no book.
    """
    with new_session() as session, transaction(session):
        proved = prove(session, only)
        for one in proved:
            exceptions.settle(session, one, now=now)
            if one.rows:
                log.error("books_differ", book=one.book, count=len(one.rows), first=one.keys[0])
        counts = {one.book: len(one.rows) for one in proved}
        journal.record(session, "books.proved", "books:all", actor=actor, now=now, differences=counts)
    return proved
