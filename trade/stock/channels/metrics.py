"""What `/metrics` says of the channels' stock: lag, backlog and drift, read from the tables at the scrape."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from config import clock
from config.figures import Figures, Sample
from trade.stock.channels import read

_FAMILIES = {
    "lag_s": ("tongdian_channel_lag_seconds", "Age of the oldest stock change not acknowledged", ["channel"]),
    "backlog": ("tongdian_channel_backlog", "Figures that a channel has not acknowledged", ["channel"]),
    "rejected": ("tongdian_channel_rejected", "Skus that a channel does not take", ["channel"]),
    "drift": ("tongdian_channel_drift", "Skus shown otherwise than acknowledged", ["channel"]),
    "fails": ("tongdian_channel_fails", "Calls in a row that did not come through", ["channel"]),
}


def _read(session: Session) -> Iterator[Sample]:
    for channel in read.standing(session, now=clock.now()):
        for figure, (name, *_) in _FAMILIES.items():
            yield name, [channel["code"]], channel[figure]


FIGURES = Figures(list(_FAMILIES.values()), _read)
