"""Figures of `/metrics` that are read from the database at the scrape.

Workers count and web processes answer the scrape, so a figure kept in either's memory would be unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.db import open_session

Sample = tuple[str, Sequence[str], int]
"""Name of the figure, values of its labels, value."""


class Figures(Collector):
    """Gauges by one reading of the database; nothing at all while it is away."""

    def __init__(
        self, families: Sequence[tuple[str, str, Sequence[str]]], read: Callable[[Session], Iterable[Sample]]
    ) -> None:
        """`families` are (name, words, labels) of every figure that `read` gives."""
        self._families = families
        self._read = read
        self._registered = False

    def describe(self) -> Iterable[Metric]:
        """The families' names, without asking the database."""
        return [GaugeMetricFamily(name, words, labels=labels) for name, words, labels in self._families]

    def collect(self) -> Iterable[Metric]:
        """Every figure as it is now."""
        families = {name: GaugeMetricFamily(name, words, labels=labels) for name, words, labels in self._families}
        try:
            with open_session() as session:
                for name, labels, value in self._read(session):
                    families[name].add_metric(labels, value)
        except SQLAlchemyError:
            return []
        return list(families.values())

    def register(self) -> None:
        """Add the figures to this process's registry; a second call changes nothing."""
        if not self._registered:
            self._registered = True
            REGISTRY.register(self)
