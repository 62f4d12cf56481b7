"""What `/metrics` says of the books: the exceptions open now, read from the table at the scrape.

The proof runs in a worker and the scrape asks a web process, so a figure kept in either's memory would be unseen.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config.db import open_session
from trade.books.registry import BOOKS

_OPEN = text("""
    SELECT cause AS book, count(*) AS differences, sum(at_stake)::bigint AS at_stake FROM exception_case
    WHERE kind = 'book_differs' AND resolved_at IS NULL GROUP BY 1""")


class OpenExceptions(Collector):
    """Differences and what is at stake by book; nothing at all while the database is away."""

    def describe(self) -> Iterable[Metric]:
        """The families' names, without asking the database."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """One sample a book, 0 included, so that an alarm can tell "none" from "not asked"."""
        try:
            with open_session() as session:
                found = {row.book: row for row in session.execute(_OPEN)}
        except SQLAlchemyError:
            return []
        differences, at_stake = self._families()
        for name, book in BOOKS.items():
            if not book.mended:
                row = found.get(name)
                differences.add_metric([name], row.differences if row else 0)
                at_stake.add_metric([name, book.unit], row.at_stake if row else 0)
        return [differences, at_stake]

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily("tongdian_book_differences", "Differences that wait on the desk", labels=["book"]),
            GaugeMetricFamily("tongdian_book_at_stake", "What they come to, in the unit", labels=["book", "unit"]),
        )


@lru_cache(maxsize=1)
def register() -> None:
    """Add the figures to this process's registry; a second call changes nothing."""
    REGISTRY.register(OpenExceptions())
