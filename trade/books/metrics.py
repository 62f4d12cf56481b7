"""What `/metrics` says of the books: the differences that wait on the desk now, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.figures import Figures, Sample
from trade.books.registry import BOOKS

_OPEN = text("""
    SELECT cause AS book, count(*) AS differences, sum(at_stake)::bigint AS at_stake FROM exception_case
    WHERE kind = 'book_differs' AND resolved_at IS NULL GROUP BY 1""")
_DIFFERENCES, _AT_STAKE = "tongdian_book_differences", "tongdian_book_at_stake"


def _read(session: Session) -> Iterator[Sample]:
    """One sample a book, 0 included, so that an alarm can tell "none" from "not asked"."""
    found = {row.book: row for row in session.execute(_OPEN)}
    for name, book in BOOKS.items():
        if not book.mended:
            row = found.get(name)
            yield _DIFFERENCES, [name], row.differences if row else 0
            yield _AT_STAKE, [name, book.unit], row.at_stake if row else 0


FIGURES = Figures(
    [
        (_DIFFERENCES, "Differences that wait on the desk", ["book"]),
        (_AT_STAKE, "What they come to, in the unit", ["book", "unit"]),
    ],
    _read,
)
