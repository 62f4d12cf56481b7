"""Whose orders are whose, after two members turned out to be one person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch

_TAKE_OVER = text("UPDATE sale_order SET member_id = :into WHERE member_id = :source RETURNING id")


def take_over(session: Session, source_id: int, into_id: int, *, actor: str, now: datetime) -> int:
    """Give every order of a merged member to the one who stays; returns how many.  A repeat moves none.

    Call it in the transaction of the merge, so that nobody sees points without their orders.
    """
    moved = fetch(session, _TAKE_OVER, {"source": source_id, "into": into_id})
    if moved:
        journal.record(
            session,
            "orders.taken_over",
            f"member:{into_id}",
            actor=actor,
            now=now,
            source_id=source_id,
            orders=len(moved),
        )
    return len(moved)
