"""What other channels sent and what became of it, as the head office sees it; receivers stay sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.orders.numbers import number

_COUNTS = text("""
    SELECT c.id AS channel_id, c.code, count(*) FILTER (WHERE h.state = 'received') AS waiting,
           count(*) FILTER (WHERE h.state = 'quarantined') AS quarantined,
           greatest(coalesce(extract(epoch FROM :now - min(h.received_at) FILTER (WHERE h.state = 'received')), 0),
                    0)::bigint AS lag_s
    FROM sales_channel c LEFT JOIN intake_order h ON h.channel_id = c.id AND h.state IN ('received', 'quarantined')
    GROUP BY 1, 2 ORDER BY 2""")
_LIST = text("""
    SELECT h.* FROM intake_order h
    WHERE h.channel_id = :channel AND (CAST(:state AS text) IS NULL OR h.state = :state)
      AND (CAST(:words AS text) IS NULL OR starts_with(h.external_no, :words))
      AND (CAST(:before AS timestamptz) IS NULL OR h.received_at < :before)
    ORDER BY h.received_at DESC, h.external_no LIMIT :most""")
_ONE = text("SELECT * FROM intake_order WHERE channel_id = :channel AND external_no = :no")
_DOCUMENTS = text("""
    SELECT revision, raw, at FROM intake_document WHERE channel_id = :channel AND external_no = :no
    ORDER BY revision DESC LIMIT 50""")
_HISTORY = text("""
    SELECT kind, actor, at, data ->> 'reason' AS reason FROM journal WHERE subject = :subject ORDER BY id LIMIT 200""")


def counts(session: Session, *, now: datetime) -> dict[int, dict[str, Any]]:
    """Per channel id how many orders wait or are quarantined, and the age of the oldest that waits, in seconds."""
    return {row.channel_id: row._asdict() for row in fetch(session, _COUNTS, {"now": now})}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _shown(row: Any) -> dict[str, Any]:
    plain = ("external_no", "state", "revision", "applied_revision", "money_fen", "reason", "facts", "tries")
    moments = ("received_at", "settled_at", "next_try_at", "cancel_asked_at", "cancel_refused_at")
    order_no = number(row.store_id, row.order_id) if row.order_id else None
    return (
        {name: getattr(row, name) for name in plain}
        | {name: _iso(getattr(row, name)) for name in moments}
        | {"store_id": row.store_id, "order_id": row.order_id, "order_no": order_no}
    )


def listed(
    session: Session,
    channel_id: int,
    *,
    state: str | None = None,
    words: str | None = None,
    before: datetime | None = None,
    most: int = 50,
) -> list[dict[str, Any]]:
    """A channel's orders, newest first; `words` is how the external number begins."""
    given = {"channel": channel_id, "state": state, "words": words, "before": before, "most": most}
    return [_shown(row) for row in fetch(session, _LIST, given)]


def one(session: Session, channel_id: int, external_no: str) -> dict[str, Any]:
    """One order with every revision as it came and what happened to it; NotFound when the channel sent none such."""
    given = {"channel": channel_id, "no": external_no}
    head = first(session, _ONE, given)
    if head is None:
        raise NotFound(external_no=external_no)
    documents = [
        {"revision": row.revision, "at": row.at.isoformat(), "document": row.raw}
        for row in fetch(session, _DOCUMENTS, given)
    ]
    history = [
        {"kind": row.kind, "actor": row.actor, "at": row.at.isoformat(), "reason": row.reason}
        for row in fetch(session, _HISTORY, {"subject": f"intake:{channel_id}:{external_no}"})
    ]
    return {**_shown(head), "documents": documents, "history": history}
