"""How much a store takes on: paused for a while, shut early today, so many minutes of work an hour (6.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound

_HOW = "RETURNING paused_until, closes_early_at, capacity_minutes"
_PAUSE = text(f"UPDATE store SET paused_until = CAST(:until AS timestamptz) WHERE id = :store {_HOW}")
_SHUT = text(f"UPDATE store SET closes_early_at = CAST(:shut AS timestamptz) WHERE id = :store {_HOW}")
_CAN = text(f"UPDATE store SET capacity_minutes = :minutes WHERE id = :store {_HOW}")
_READ = text("SELECT paused_until, closes_early_at, capacity_minutes FROM store WHERE id = :store")


def pause(session: Session, store_id: int, until: datetime | None, *, actor: str, now: datetime) -> dict[str, Any]:
    """No new parcel is routed here until then, None ends the pause; what is assigned stays.  Raises NotFound."""
    return _write(session, _PAUSE, store_id, {"until": until}, actor=actor, now=now)


def close_early(
    session: Session, store_id: int, shut_at: datetime | None, *, actor: str, now: datetime
) -> dict[str, Any]:
    """The store shuts at this moment until its next opening, and its clocks stand still; None takes it back."""
    return _write(session, _SHUT, store_id, {"shut": shut_at}, actor=actor, now=now)


def set_capacity(session: Session, store_id: int, minutes: int, *, actor: str, now: datetime) -> dict[str, Any]:
    """So many minutes of work an hour: two people are 120; 0 takes nothing more.  Raises NotFound."""
    return _write(session, _CAN, store_id, {"minutes": minutes}, actor=actor, now=now)


def read(session: Session, store_id: int) -> dict[str, Any]:
    """How a store stands.  Raises NotFound."""
    found = first(session, _READ, {"store": store_id})
    if found is None:
        raise NotFound(store_id=store_id)
    return _told(found)


def _told(row: Any) -> dict[str, Any]:
    times = {
        name: at.isoformat() if (at := getattr(row, name)) else None for name in ("paused_until", "closes_early_at")
    }
    return {**times, "capacity_minutes": row.capacity_minutes}


def _write(
    session: Session, statement: TextClause, store_id: int, given: dict[str, Any], *, actor: str, now: datetime
) -> dict[str, Any]:
    found = first(session, statement, {"store": store_id, **given})
    if found is None:
        raise NotFound(store_id=store_id)
    told = _told(found)
    journal.record(session, "store.intake_changed", f"store:{store_id}", actor=actor, now=now, **told)
    return told
