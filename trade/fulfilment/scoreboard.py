"""How a store does, in one statement: what its manager sees above the queue (till-and-store-desk.md 6.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_SCORE = text("""
    WITH asked AS (
        SELECT store_id, parcel_id, hop, outcome, answered_at - assigned_at AS took FROM assignment
        WHERE at_store_id = :store AND assigned_at >= :since
    ), answered AS (
        SELECT count(*) AS asked, count(*) FILTER (WHERE outcome IS NOT NULL) AS answered,
               count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
               count(*) FILTER (WHERE outcome = 'timed_out') AS timed_out,
               count(*) FILTER (WHERE hop > 1) AS moved_in,
               count(*) FILTER (WHERE outcome IN ('rejected', 'timed_out', 'moved')) AS moved_out,
               percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::integer)
                   FILTER (WHERE outcome = 'accepted') AS accept_s
        FROM asked
    ), mine AS (
        SELECT p.* FROM asked a JOIN parcel p ON p.store_id = a.store_id AND p.id = a.parcel_id
        WHERE a.outcome = 'accepted' AND p.at_store_id = :store
    ), done AS (
        SELECT count(*) FILTER (WHERE p.picked_at IS NOT NULL) AS picked,
               percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM p.picked_at - p.accepted_at)::integer)
                   FILTER (WHERE p.picked_at IS NOT NULL AND p.accepted_at IS NOT NULL) AS pick_s,
               count(*) FILTER (WHERE p.state IN ('no_show', 'returned') AND p.mode = 'pickup') AS no_shows,
               count(*) FILTER (WHERE p.ready_at IS NOT NULL AND p.mode = 'pickup') AS waited
        FROM mine p
    ), units AS (
        SELECT coalesce(sum(l.qty), 0)::bigint AS wanted, coalesce(sum(l.short_qty), 0)::bigint AS short
        FROM mine p JOIN parcel_line l ON l.store_id = p.store_id AND l.parcel_id = p.id
    )
    SELECT * FROM answered, done, units""")


def of(session: Session, at_store_id: int, *, since: datetime) -> dict[str, Any]:
    """One store's figures since a moment, as counts: whoever shows a rate divides, and can say of how many.

    `accept_s` and `pick_s` are medians in whole seconds, null before the first: from being asked to accepting, and
    from accepting to the full tote.  `short` of `wanted` are sale units; `moved_in` came from a store that was asked
    before, `moved_out` went to another one.  A read: safe beside anything.
    """
    (found,) = fetch(session, _SCORE, {"store": at_store_id, "since": since})
    return dict(found._asdict())
