"""What `/metrics` says of the desk, read from the table at the scrape: any process answers for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config import clock
from config.db import open_session
from trade.exceptions.kinds import KINDS

_OPEN = text("""
    SELECT kind, count(*) AS cases, sum(money_fen)::bigint AS money_fen,
        extract(epoch FROM CAST(:now AS timestamptz) - min(opened_at))::bigint AS oldest_s,
        count(*) FILTER (WHERE due_at < :now) AS overdue
    FROM exception_case WHERE resolved_at IS NULL GROUP BY kind""")
_FAMILIES = (
    ("cases", "tongdian_exceptions", "Exceptions that wait on the desk"),
    ("money_fen", "tongdian_exceptions_money_fen", "Money at stake in them, in fen"),
    ("oldest_s", "tongdian_exceptions_oldest_seconds", "Age of the oldest, in seconds"),
    ("overdue", "tongdian_exceptions_overdue", "How many are past the moment they were due"),
)


class OpenCases(Collector):
    """Figures by kind; nothing at all while the database is away."""

    def describe(self) -> Iterable[Metric]:
        """The families' names, without asking the database."""
        return [GaugeMetricFamily(name, words, labels=["kind"]) for _, name, words in _FAMILIES]

    def collect(self) -> Iterable[Metric]:
        """One sample a kind, 0 included, so that an alarm can tell "none" from "not asked"."""
        try:
            with open_session() as session:
                found = {row.kind: row for row in session.execute(_OPEN, {"now": clock.now()})}
        except SQLAlchemyError:
            return []
        families = []
        for column, name, words in _FAMILIES:
            family = GaugeMetricFamily(name, words, labels=["kind"])
            for kind in KINDS:
                family.add_metric([kind], getattr(found[kind], column) if kind in found else 0)
            families.append(family)
        return families


@lru_cache(maxsize=1)
def register() -> None:
    """Add the figures to this process's registry; a second call changes nothing."""
    REGISTRY.register(OpenCases())
