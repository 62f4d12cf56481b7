"""What `/metrics` says of the desk: open cases, money, age and what is overdue, by kind."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.figures import Figures, Sample
from trade.exceptions.kinds import KINDS

_OPEN = text("""
    SELECT kind, count(*) AS cases, sum(money_fen)::bigint AS money_fen,
        extract(epoch FROM CAST(:now AS timestamptz) - min(opened_at))::bigint AS oldest_s,
        count(*) FILTER (WHERE due_at < :now) AS overdue
    FROM exception_case WHERE resolved_at IS NULL GROUP BY kind""")
_FAMILIES = {
    "cases": ("tongdian_exceptions", "Exceptions that wait on the desk", ["kind"]),
    "money_fen": ("tongdian_exceptions_money_fen", "Money at stake in them, in fen", ["kind"]),
    "oldest_s": ("tongdian_exceptions_oldest_seconds", "Age of the oldest, in seconds", ["kind"]),
    "overdue": ("tongdian_exceptions_overdue", "How many are past the moment they were due", ["kind"]),
}


def _read(session: Session) -> Iterator[Sample]:
    """One sample a kind, 0 included, so that an alarm can tell "none" from "not asked"."""
    found = {row.kind: row for row in session.execute(_OPEN, {"now": clock.now()})}
    for column, (name, *_) in _FAMILIES.items():
        for kind in KINDS:
            yield name, [kind], getattr(found[kind], column) if kind in found else 0


FIGURES = Figures(list(_FAMILIES.values()), _read)
