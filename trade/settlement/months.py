"""The period of every statement: a month by the stores' clock."""

from __future__ import annotations

from datetime import datetime

from config.clock import SHANGHAI


def month_of(year: int, month: int) -> dict[str, datetime]:
    """A month as the half-open interval `since`, `until` in the stores' zone."""
    until = (year, month + 1) if month < 12 else (year + 1, 1)
    return {"since": datetime(year, month, 1, tzinfo=SHANGHAI), "until": datetime(*until, 1, tzinfo=SHANGHAI)}
