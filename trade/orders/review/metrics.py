"""How much passes by itself, and what waits: for `/metrics` and for the order centre."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import fetch
from config.figures import Figures, Sample

WINDOW = timedelta(days=7)
TARGET_BP = 9500
"""95 % should pass by themselves (members-mall-orders.md 3.8)."""

_RATE = text("""
    SELECT count(*) AS judged, count(*) FILTER (WHERE state = 'auto_passed') AS passed FROM order_review
    WHERE judged_at >= :since AND (CAST(:store AS bigint) IS NULL OR store_id = :store)""")
_HELD = text("""
    SELECT count(*) AS held, extract(epoch FROM CAST(:now AS timestamptz) - min(r.judged_at))::bigint AS oldest_s
    FROM order_review r JOIN sale_order o ON o.store_id = r.store_id AND o.id = r.order_id
    WHERE r.state = 'hold' AND o.state = 'paid'""")


def rate(session: Session, *, store_id: int | None = None, now: datetime) -> dict[str, Any]:
    """Of what was judged in the last seven days, the share that passed by itself, in basis points (10,000 for none)."""
    row = fetch(session, _RATE, {"since": now - WINDOW, "store": store_id})[0]
    passed_bp = row.passed * 10_000 // row.judged if row.judged else 10_000
    return {"judged": row.judged, "passed": row.passed, "passed_bp": passed_bp, "target_bp": TARGET_BP}


def _read(session: Session) -> Iterator[Sample]:
    now = clock.now()
    yield "tongdian_review_passed_bp", [], rate(session, now=now)["passed_bp"]
    held = session.execute(_HELD, {"now": now}).one()
    yield "tongdian_review_held", [], held.held
    yield "tongdian_review_oldest_seconds", [], held.oldest_s or 0


FIGURES = Figures(
    [
        ("tongdian_review_passed_bp", "Orders of 7 days that passed review by themselves, in basis points", []),
        ("tongdian_review_held", "Orders that wait for a person", []),
        ("tongdian_review_oldest_seconds", "Age of the oldest of them, in seconds", []),
    ],
    _read,
)
