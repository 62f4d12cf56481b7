"""What `/metrics` says of stock: how far behind the mall's figures are, and what in the stores is in doubt."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import fetch
from config.figures import Figures, Sample

FACTS = (
    "order.sold", "order.placed", "order.revived", "order.expired", "order.cancelled", "order.refused",
    "order.completed", "stock.taken_in", "stock.changed", "stock.set_aside", "stock.set_aside_freed",
)  # fmt: skip
"""The facts that the mall's figures follow; `workers/routes.py` says the same, and a test compares them."""
RECENT = 5_000
"""So many rows of the journal, the newest, are looked at for how long a change took to be seen."""

_LAG = text("""
    SELECT count(*) FILTER (WHERE done_at IS NULL) AS waiting,
           coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(at) FILTER (WHERE done_at IS NULL)), 0)::bigint
               AS oldest_s,
           coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - at) * 1000)
               FILTER (WHERE done_at > CAST(:now AS timestamptz) - interval '5 minutes'), 0)::bigint AS p95_ms
    FROM (SELECT at, done_at FROM journal WHERE kind = ANY(CAST(:kinds AS text[])) AND done_at IS NULL
          UNION ALL
          SELECT at, done_at FROM (SELECT kind, at, done_at FROM journal ORDER BY id DESC LIMIT :most) newest
          WHERE kind = ANY(CAST(:kinds AS text[])) AND done_at IS NOT NULL) facts""")
_DOUBTS = text("""
    SELECT count(*) FILTER (WHERE count_due) AS count_due, count(*) FILTER (WHERE on_hand < 0) AS negative
    FROM stock_level WHERE count_due OR on_hand < 0""")
_FAMILIES: list[tuple[str, str, list[str]]] = [
    ("tongdian_shown_backlog", "Facts that the mall's figures do not show yet", []),
    ("tongdian_shown_lag_seconds", "Age of the oldest of them", []),
    ("tongdian_shown_p95_ms", "In how long 95 of 100 changes were shown, in the last five minutes", []),
    ("tongdian_stock_count_due", "Skus of stores that wait to be counted", []),
    ("tongdian_stock_negative", "Skus of stores below zero: more was sold than the figures knew", []),
]


def _read(session: Session) -> Iterator[Sample]:
    lag = fetch(session, _LAG, {"now": clock.now(), "kinds": list(FACTS), "most": RECENT})[0]
    doubts = fetch(session, _DOUBTS, {})[0]
    figures = (lag.waiting, max(lag.oldest_s, 0), lag.p95_ms, doubts.count_due, doubts.negative)
    for (name, *_), figure in zip(_FAMILIES, figures, strict=True):
        yield name, [], figure


FIGURES = Figures(_FAMILIES, _read)
