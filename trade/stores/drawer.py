"""The drawer opened without a sale: who, why, with whose word (till-and-store-desk.md 3.7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config import journal


def opened(
    session: Session,
    store_id: int,
    till_id: int,
    *,
    shift_id: int | None,
    reason: str,
    approved_by: str,
    actor: str,
    now: datetime,
    told_at: datetime | None = None,
) -> None:
    """Write it down; `told_at` when the till tells of it later, because it had no network."""
    told = told_at.isoformat() if told_at else None
    data = {"store_id": store_id, "shift_id": shift_id, "reason": reason, "approved_by": approved_by, "told_at": told}
    journal.record(session, "drawer.opened", f"till:{store_id}:{till_id}", actor=actor, now=now, **data)
