"""How often a store says no, of its last answers: a score of routing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.fulfilment.states import REFUSALS

WINDOW = timedelta(days=14)
FEWEST = 5
"""Fewer answers say nothing about a store."""

_COUNT = text("""
    UPDATE store SET reject_permille = said.permille FROM (
        SELECT store.id, CASE WHEN count(a.outcome) < :fewest THEN 0
            ELSE count(*) FILTER (WHERE a.outcome = ANY(:refusals)) * 1000 / count(a.outcome) END AS permille
        FROM store LEFT JOIN assignment a ON a.at_store_id = store.id AND a.assigned_at >= :since
            AND a.outcome IN ('accepted', 'rejected', 'timed_out')
        GROUP BY 1) said
    WHERE store.id = said.id AND store.reject_permille <> said.permille RETURNING store.id""")


def count(session: Session, *, now: datetime) -> int:
    """Count anew for every store; returns how many figures changed.  Of WINDOW days, at least FEWEST answers."""
    given = {"since": now - WINDOW, "fewest": FEWEST, "refusals": sorted(REFUSALS)}
    return len(fetch(session, _COUNT, given))
