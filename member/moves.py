"""The only writer of the states of documents about members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first

_DECIDE = text("""
    UPDATE points_adjustment SET state = :state, decider = :actor, decided_at = :now, decided_because = :because
    WHERE id = :id AND state = 'proposed' RETURNING points""")


def decide_adjustment(
    session: Session, adjustment_id: int, state: str, because: str, *, actor: str, now: datetime
) -> bool:
    """An open adjustment is approved or rejected; False when it is not open.  The guard is in the UPDATE."""
    given = {"id": adjustment_id, "state": state, "because": because, "actor": actor, "now": now}
    row = first(session, _DECIDE, given)
    if row is not None:
        subject = f"points_adjustment:{adjustment_id}"
        journal.record(session, f"points.adjustment_{state}", subject, actor=actor, now=now, points=row.points)
    return row is not None
