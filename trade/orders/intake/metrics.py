"""What `/metrics` says of orders that other channels brought: what waits, how long, and what is quarantined."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from config import clock
from config.figures import Figures, Sample
from trade.orders.intake import read

_FAMILIES = {
    "waiting": ("tongdian_intake_waiting", "Orders brought and not yet taken in", ["channel"]),
    "lag_s": ("tongdian_intake_lag_seconds", "Age of the oldest of them", ["channel"]),
    "quarantined": ("tongdian_intake_quarantined", "Orders that wait for a person", ["channel"]),
}


def _read(session: Session) -> Iterator[Sample]:
    for counted in read.counts(session, now=clock.now()).values():
        for figure, (name, *_) in _FAMILIES.items():
            yield name, [counted["code"]], counted[figure]


FIGURES = Figures(list(_FAMILIES.values()), _read)
