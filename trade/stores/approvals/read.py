"""What a manager is asked now, and what became of one question."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.stores.approvals.states import Action

_READ = """
    SELECT a.*, asker.name AS asked_by_name, approver.name AS approver_name, till.name AS till_name FROM approval a
    JOIN staff asker ON asker.id = a.asked_by LEFT JOIN staff approver ON approver.id = a.approver_id
    LEFT JOIN till ON till.store_id = a.store_id AND till.id = a.till_id
    WHERE a.store_id = :store AND """
_ONE = text(_READ + "a.id = :id")
_ASKED = text(_READ + "a.state = 'asked' AND a.until_at > :now ORDER BY a.asked_at, a.id LIMIT 50")


def one(session: Session, store_id: int, approval_id: int) -> dict[str, Any]:
    """One approval of a store."""
    row = first(session, _ONE, {"store": store_id, "id": approval_id})
    if row is None:
        raise NotFound(approval_id=approval_id)
    return _as_json(row)


def asked(session: Session, store_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """What waits for a manager of a store, the oldest first."""
    return [_as_json(row) for row in fetch(session, _ASKED, {"store": store_id, "now": now})]


_ALONE = text("""
    SELECT a.action, a.reason, a.used_at, a.until_at, asker.name AS asked_by, approver.name AS approved_by
    FROM approval a JOIN staff asker ON asker.id = a.asked_by JOIN staff approver ON approver.id = a.approver_id
    WHERE a.store_id = :store AND a.alone AND a.what->>'shift_id' = CAST(CAST(:shift AS bigint) AS text)
    ORDER BY a.used_at, a.id LIMIT 50""")
_GOOD = text("""
    SELECT max(used_at) AS since FROM approval
    WHERE store_id = :store AND alone AND action = :action AND till_id = :till
      AND used_at <= :at AND until_at >= :at""")


def given_alone(session: Session, store_id: int, shift_id: int) -> list[dict[str, Any]]:
    """The words that managers gave in a shift without network and for a time: who, to whom, from when, until when."""
    names = ("action", "reason", "asked_by", "approved_by")
    return [
        {name: getattr(row, name) for name in names}
        | {"at": row.used_at.isoformat(), "until_at": row.until_at.isoformat()}
        for row in fetch(session, _ALONE, {"store": store_id, "shift": shift_id})
    ]


def good_since(session: Session, store_id: int, till_id: int, action: Action, at: datetime) -> datetime | None:
    """Since when a manager's word for this was good at a till without network at that moment, if one was."""
    given = {"store": store_id, "till": till_id, "action": action, "at": at}
    since: datetime | None = fetch(session, _GOOD, given)[0].since
    return since


def _as_json(row: Any) -> dict[str, Any]:
    names = ["id", "action", "subject", "reason", "what", "state", "till_name", "asked_by_name", "approver_id"]
    moments = {"asked_at": row.asked_at.isoformat(), "until_at": row.until_at.isoformat()}
    return {name: getattr(row, name) for name in names} | {"approver_name": row.approver_name} | moments
