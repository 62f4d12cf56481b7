"""Months of credit: open until they are closed; what comes later is an adjustment in the next, and names the month."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import SHANGHAI
from config.db import fetch, first
from config.errors import WrongState

_SHARED = text("SELECT pg_advisory_xact_lock_shared(74262)")
_ALONE = text("SELECT pg_advisory_xact_lock(74262)")
_CLOSED = text("SELECT period FROM credit_month ORDER BY period")
_CLOSE = text("""
    INSERT INTO credit_month (period, closed_at, closed_by) VALUES (:period, :now, :actor)
    ON CONFLICT DO NOTHING RETURNING period""")


def month_of(moment: datetime) -> date:
    """The month of a moment, by its first day, on the stores' clock."""
    return moment.astimezone(SHANGHAI).date().replace(day=1)


def hold_open(session: Session) -> set[date]:
    """The months that are closed; no other closes until the transaction ends."""
    fetch(session, _SHARED, {})
    return {row.period for row in fetch(session, _CLOSED, {})}


def period_of(moment: datetime, closed: Collection[date], now: datetime) -> tuple[date, date | None]:
    """The month a fact of a moment is counted in, and the closed one it adjusts, if that is another.  Pure."""
    own = month_of(moment)
    if own not in closed:
        return own, None
    period = month_of(now)
    while period in closed:
        period = date(period.year + period.month // 12, period.month % 12 + 1, 1)
    return period, own


def close(session: Session, period: date, *, actor: str, now: datetime) -> None:
    """Close a month that is over: its statements never change again.

    :raises WrongState: it is not over, or closed already.
    """
    fetch(session, _ALONE, {})
    if period >= month_of(now) or first(session, _CLOSE, {"period": period, "actor": actor, "now": now}) is None:
        raise WrongState(month=f"{period:%Y-%m}", event="close")
    journal.record(session, "credit_month.closed", f"credit_month:{period:%Y-%m}", actor=actor, now=now)
