"""Late money is settled when its order goes on, or when WeChat has taken the refund: found by asking the table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders.late import moves

_TAKEN = text("""
    SELECT l.store_id, l.tender_id FROM late_payment l WHERE l.state = 'open' AND l.amount_fen = (
        SELECT sum(r.amount_fen) FROM refund r WHERE r.store_id = l.store_id AND r.tender_id = l.tender_id
          AND r.state IN ('accepted', 'done'))
    ORDER BY l.settle_by, l.store_id, l.tender_id LIMIT :most FOR NO KEY UPDATE OF l SKIP LOCKED""")
_OVERDUE = text("SELECT count(*) AS n FROM late_payment WHERE state = 'open' AND settle_by <= :now")


def settle_taken(session: Session, *, most: int, actor: str, now: datetime) -> int:
    """Settle every late payment whose refund WeChat has taken in full, at most `most`; returns how many.

    Safe in two workers at once: each takes rows that no other holds.
    """
    found = fetch(session, _TAKEN, {"most": most})
    return sum(moves.move(session, row.store_id, row.tender_id, "refund", actor=actor, now=now) for row in found)


def overdue(session: Session, *, now: datetime) -> int:
    """How many have waited longer than the ten minutes they may."""
    return int(fetch(session, _OVERDUE, {"now": now})[0].n)
