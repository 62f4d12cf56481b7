"""Promotions as the head office sees them: the list with where each stands, and one with all its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.pricing.promotions.drafts import as_written
from trade.pricing.rules import STACKING

PAGE = 50

_LIST = text("""
    SELECT p.id, p.name, p.kind, p.state, p.version, p.draft IS NOT NULL AS has_draft, p.changed_at, v.from_at,
           v.until_at, v.budget_fen, v.total_units,
           CASE WHEN p.state <> 'live' THEN p.state WHEN v.from_at > :now THEN 'scheduled'
                WHEN v.until_at <= :now THEN 'over' ELSE 'running' END AS stands,
           c.units AS used_units, c.fen AS used_fen
    FROM promotion p LEFT JOIN promotion_version v ON v.promotion_id = p.id AND v.version = p.version
    LEFT JOIN promotion_count c ON c.promotion_id = p.id AND c.scope = 'total'
    WHERE (CAST(:state AS text) IS NULL OR p.state = :state) AND (CAST(:before AS bigint) IS NULL OR p.id < :before)
      AND (CAST(:one AS bigint) IS NULL OR p.id = :one)
    ORDER BY p.id DESC LIMIT :most""")
_USED = text("""
    SELECT (SELECT draft FROM promotion WHERE id = :id) AS draft,
           count(*) FILTER (WHERE back_units < units) AS orders, coalesce(sum(units - back_units), 0)::bigint AS units,
           coalesce(sum(off_fen - back_fen), 0)::bigint AS off_fen
    FROM promotion_use WHERE promotion_id = :id""")
_VERSIONS = text("SELECT * FROM promotion_version WHERE promotion_id = :id ORDER BY version DESC LIMIT 100")
_ROUNDING = text("SELECT id, cash_rounding FROM store WHERE cash_rounding <> 'none' ORDER BY id")
_SETTINGS = text("SELECT store_id, version, mode, member_and_flash, stacking FROM promotion_book ORDER BY store_id")


def _plain(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row._asdict().items()}


def listed(
    session: Session, *, state: str | None = None, before: int | None = None, most: int = PAGE, now: datetime
) -> list[dict[str, Any]]:
    """Promotions, newest first, with the last version's dates and what was used of each; `before` pages on.

    `stands` is the state, for a live one `scheduled`, `running` or `over`; what is used, and did not come back, is
    known here where the whole is limited.
    """
    given = {"state": state, "before": before, "most": most, "one": None, "now": now}
    return [_plain(row) for row in fetch(session, _LIST, given)]


def one(session: Session, promotion_id: int, *, now: datetime) -> dict[str, Any]:
    """One promotion: what orders used of it, its draft if there is one, its versions as they were written.

    :raises NotFound: there is none.
    """
    given = {"state": None, "before": None, "most": 1, "one": promotion_id, "now": now}
    head = first(session, _LIST, given)
    if head is None:
        raise NotFound(promotion_id=promotion_id)
    versions = [
        {
            "version": row.version,
            "book_version": row.book_version,
            "published_by": row.published_by,
            "published_at": row.published_at.isoformat(),
            "promotion": as_written(row).model_dump(mode="json"),
        }
        for row in fetch(session, _VERSIONS, {"id": promotion_id})
    ]
    return {**_plain(head), **fetch(session, _USED, {"id": promotion_id})[0]._asdict(), "versions": versions}


def settings(session: Session) -> dict[str, Any]:
    """How promotions go together: the chain's settings, the book's version, stores with a mode of their own, and stores
    that round cash.
    """
    rows = fetch(session, _SETTINGS, {})
    chain = next((row for row in rows if row.store_id == 0), None)
    return {
        "version": chain.version if chain else 0,
        "mode": chain.mode if chain else "best",
        "member_and_flash": chain.member_and_flash if chain else "best",
        "stacking": (chain.stacking if chain else None) or [list(pair) for pair in STACKING],
        "stores": {str(row.store_id): row.mode for row in rows if row.store_id},
        "cash_rounding": {str(row.id): row.cash_rounding for row in fetch(session, _ROUNDING, {})},
    }
