"""What `/metrics` says of money whose end is not known."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.figures import Figures, Sample

_OPEN = text("""
    SELECT 'attempt_' || state AS what, count(*) AS n, sum(amount_fen)::bigint AS fen, min(expires_at) AS since
    FROM tender WHERE state IN ('created', 'prepaid', 'closing') AND expires_at < :now GROUP BY 1
    UNION ALL
    SELECT 'refund_' || state, count(*), sum(amount_fen)::bigint, min(created_at) FROM refund
    WHERE state IN ('requested', 'accepted', 'abnormal') AND kind = 'wechat' GROUP BY 1
    UNION ALL
    SELECT 'late_payment', count(*), sum(amount_fen)::bigint, min(arrived_at) FROM late_payment WHERE state = 'open'""")
WHAT = (
    "attempt_created", "attempt_prepaid", "attempt_closing", "refund_requested", "refund_accepted", "refund_abnormal",
    "late_payment",
)  # fmt: skip
"""Attempts count once their time is over; each is shown, 0 included."""


def _read(session: Session) -> Iterator[Sample]:
    now = clock.now()
    found = {row.what: row for row in session.execute(_OPEN, {"now": now}) if row.n}
    for what in WHAT:
        row = found.get(what)
        yield "tongdian_unsettled", [what], row.n if row else 0
        yield "tongdian_unsettled_fen", [what], row.fen if row else 0
        yield "tongdian_unsettled_oldest_seconds", [what], int((now - row.since).total_seconds()) if row else 0


FIGURES = Figures(
    [
        ("tongdian_unsettled", "Payments and refunds without an end", ["what"]),
        ("tongdian_unsettled_fen", "What they come to, in fen", ["what"]),
        ("tongdian_unsettled_oldest_seconds", "Age of the oldest, in seconds", ["what"]),
    ],
    _read,
)
