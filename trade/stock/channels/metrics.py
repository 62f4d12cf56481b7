"""What `/metrics` says of the channels: lag, backlog and drift, read from the tables at the scrape."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from config import clock
from config.db import open_session
from trade.stock.channels import read

_FAMILIES = {
    "lag_s": ("tongdian_channel_lag_seconds", "Age of the oldest stock change a channel has not acknowledged"),
    "backlog": ("tongdian_channel_backlog", "Figures a channel has not acknowledged"),
    "rejected": ("tongdian_channel_rejected", "Skus a channel does not take"),
    "drift": ("tongdian_channel_drift", "Skus a channel shows otherwise than it acknowledged"),
    "fails": ("tongdian_channel_fails", "Calls in a row that did not come through"),
}


class ChannelFigures(Collector):
    """One sample a channel and figure; nothing at all while the database is away."""

    def describe(self) -> Iterable[Metric]:
        """The families' names, without asking the database."""
        return self._families().values()

    def collect(self) -> Iterable[Metric]:
        """As things stand now, 0 included."""
        try:
            with open_session() as session:
                standing = read.standing(session, now=clock.now())
        except SQLAlchemyError:
            return []
        families = self._families()
        for channel in standing:
            for name, family in families.items():
                family.add_metric([channel["code"]], channel[name])
        return families.values()

    @staticmethod
    def _families() -> dict[str, GaugeMetricFamily]:
        return {name: GaugeMetricFamily(*words, labels=["channel"]) for name, words in _FAMILIES.items()}


@lru_cache(maxsize=1)
def register() -> None:
    """Add the figures to this process's registry; a second call changes nothing."""
    REGISTRY.register(ChannelFigures())
