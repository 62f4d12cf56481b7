"""The nightly proof of every book in `trade/books/registry.py`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session
from trade.books import nightly


def run(new_session: Callable[[], Session] = open_session) -> dict[str, int]:
    """How many differences each book has; see `trade.books.nightly.run`."""
    return {one.book: len(one.rows) for one in nightly.run(new_session, actor="clock", now=clock.now())}
