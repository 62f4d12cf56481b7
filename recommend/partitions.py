"""One table of events for each business day: made ahead, and dropped whole when its time is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import business_day
from config.db import fetch
from recommend.definitions import AHEAD, LATE, RAW_KEPT

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('behaviour_partitions'))")
_THERE = text(
    "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'behaviour' AND c.relkind = 'r' ORDER BY 1"
)
_FORGET_VISITS = text("DELETE FROM behaviour_visit WHERE day < :before")


def _name(day: date) -> str:
    return f"event_{day:%Y%m%d}"


def days(session: Session) -> list[date]:
    """The days that have a partition, oldest first."""
    return [datetime.strptime(row.name, "event_%Y%m%d").date() for row in fetch(session, _THERE, {})]  # noqa: DTZ007


def _make(session: Session, missing: list[date]) -> None:
    for day in missing:
        table = f"behaviour.{_name(day)}"
        session.execute(text(f"CREATE TABLE {table} (LIKE behaviour_event INCLUDING ALL)"))
        session.execute(
            text(
                f"ALTER TABLE behaviour_event ATTACH PARTITION {table}"
                f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
            )
        )


def ensure(session: Session, wanted: Collection[date]) -> None:
    """Make the tables of these days that are missing, where the schedule did not run.  In a transaction."""
    if missing := set(wanted) - set(days(session)):
        fetch(session, _LOCK, {})
        _make(session, sorted(missing - set(days(session))))


def keep(session: Session, *, now: datetime) -> tuple[int, int]:
    """Make what is missing from `LATE` ago to `AHEAD`, drop what is older than `RAW_KEPT`; returns (made, dropped).

    In a transaction.  A table is filled with its indexes first and then attached, which holds up no writer; dropping
    one needs the parent for a moment, and gives up after ten seconds.  Visits go with their events; counts stay.
    """
    fetch(session, _LOCK, {})
    there, today = set(days(session)), business_day(now)
    first, last = business_day(now - LATE), today + AHEAD
    wanted = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    made = sorted(wanted - there)
    _make(session, made)
    before = today - RAW_KEPT
    over = sorted(day for day in there if day < before)
    for day in over:
        session.execute(text(f"DROP TABLE behaviour.{_name(day)}"))
    if over:
        session.execute(_FORGET_VISITS, {"before": before})
    return len(made), len(over)
