"""What waits on the desk, for screens and scripts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import rows

_OPEN = text("""
    SELECT id, kind, subject, store_id, order_id, money_fen, at_stake, unit, cause, facts, opened_at, seen_at, due_at,
        owner, taken_at, next_try_at, tries
    FROM exception_case WHERE resolved_at IS NULL AND (CAST(:kind AS text) IS NULL OR kind = :kind)
    ORDER BY due_at, id LIMIT :most""")


def still_open(session: Session, *, kind: str | None = None, most: int = 200) -> list[dict[str, Any]]:
    """What waits for somebody, the longest overdue first."""
    return rows(session.execute(_OPEN, {"kind": kind, "most": most}))
