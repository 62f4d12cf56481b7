"""What tills take back, until when, and how much of it without a receipt: versions that the head office writes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first

_AT = text("SELECT * FROM return_terms WHERE from_at <= :now ORDER BY from_at DESC, version DESC LIMIT 1")
_WRITE = text("""
    INSERT INTO return_terms (from_at, window_days, blind_days, person_fen, person_days, store_fen, written_by)
    VALUES (:from_at, :window_days, :blind_days, :person_fen, :person_days, :store_fen, :actor) RETURNING version""")
_SOLD = text(
    "SELECT coalesce(closed_at, paid_at, placed_at) AS at FROM sale_order WHERE store_id = :store AND id = :id"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What counts before the head office wrote any version; see `models.ReturnTerms`."""

    version: int = 0
    window_days: int = 30
    blind_days: int = 90
    person_fen: int = 20_000
    person_days: int = 30
    store_fen: int = 200_000


def at(session: Session, now: datetime) -> Terms:
    """The terms in force."""
    row = first(session, _AT, {"now": now})
    return Terms(**{field.name: getattr(row, field.name) for field in fields(Terms)}) if row else Terms()


def write(session: Session, figures: dict[str, int], *, from_at: datetime, actor: str, now: datetime) -> int:
    """Write a version, in force from a moment on; returns its number."""
    version = int(fetch(session, _WRITE, {**figures, "from_at": from_at, "actor": actor})[0].version)
    told: dict[str, Any] = {**figures, "from_at": from_at.isoformat()}
    journal.record(session, "return_terms.written", f"return_terms:{version}", actor=actor, now=now, **told)
    return version


def window(session: Session, store_id: int, order_id: int, *, now: datetime) -> dict[str, Any]:
    """Until when goods of an order come back without a manager, as tills show it: `days`, `until`, `late`."""
    terms = at(session, now)
    sold = first(session, _SOLD, {"store": store_id, "id": order_id})
    until = (sold.at if sold else now) + timedelta(days=terms.window_days)
    return {"days": terms.window_days, "until": until.isoformat(), "late": now > until}
