"""The desk of differences: opened by a proof, owned by a person, closed by a person or by the next proof."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first, rows
from config.errors import NotFound
from trade.books.registry import BOOKS, Proved

DUE_AFTER = timedelta(hours=24)
VANISHED = "not found by a later proof"
MOST = 1000
"""A proof shows at most so many of one fault; then one that is not shown may still be there."""

_SETTLE = text("""
    WITH found AS (
        SELECT * FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS f(key text, at_stake bigint, facts jsonb)),
    seen AS (
        INSERT INTO book_exception (book, key, at_stake, unit, facts, opened_at, seen_at, due_at, note)
        SELECT :book, key, at_stake, :unit, facts, :now, :now, :due, '' FROM found
        ON CONFLICT (book, key) WHERE resolved_at IS NULL
        DO UPDATE SET seen_at = :now, at_stake = excluded.at_stake, facts = excluded.facts
        RETURNING opened_at),
    gone AS (
        UPDATE book_exception SET resolved_at = :now, resolver = 'proof', note = :vanished
        WHERE book = :book AND resolved_at IS NULL AND :whole AND key NOT IN (SELECT key FROM found)
        RETURNING id)
    SELECT (SELECT count(*) FROM seen WHERE opened_at = :now) AS opened, (SELECT count(*) FROM gone) AS closed""")


def settle(session: Session, proved: Proved, *, now: datetime) -> tuple[int, int]:
    """Open what a proof found new and close what it no longer finds; returns how many of each.

    Two proofs at once meet in the unique index of open rows: the second updates what the first opened.
    """
    if BOOKS[proved.book].mended:
        return 0, 0
    found = {
        key: {"key": key, "at_stake": abs(row.get("at_stake", 0)), "facts": row}
        for key, row in zip(proved.keys, proved.rows, strict=True)
    }
    given = {
        "book": proved.book,
        "unit": proved.unit,
        "now": now,
        "due": now + DUE_AFTER,
        "found": json.dumps(list(found.values()), ensure_ascii=False, default=str),
        "whole": len(proved.rows) < MOST,
        "vanished": VANISHED,
    }
    done = fetch(session, _SETTLE, given)[0]
    return done.opened, done.closed


_OPEN = text("""
    SELECT id, book, key, at_stake, unit, facts, opened_at, seen_at, due_at, owner FROM book_exception
    WHERE resolved_at IS NULL ORDER BY due_at, id LIMIT :most""")
_TAKE = text("UPDATE book_exception SET owner = :owner WHERE id = :id AND resolved_at IS NULL RETURNING id")
_RESOLVE = text(
    "UPDATE book_exception SET resolved_at = :now, resolver = :actor, note = :note"
    " WHERE id = :id AND resolved_at IS NULL RETURNING id"
)


def still_open(session: Session, *, most: int = 200) -> list[dict[str, Any]]:
    """What waits for an explanation, the longest overdue first."""
    return rows(session.execute(_OPEN, {"most": most}))


def take(session: Session, exception_id: int, owner: str) -> None:
    """Somebody answers for it; NotFound when it is closed or unknown."""
    if first(session, _TAKE, {"id": exception_id, "owner": owner}) is None:
        raise NotFound(exception_id=exception_id)


def resolve(session: Session, exception_id: int, note: str, *, actor: str, now: datetime) -> None:
    """Somebody explains it.  A difference that is still there is opened anew by the next proof.

    :raises NotFound: it is closed already or unknown; of two people at once one succeeds.
    """
    assert note, "an exception is closed with an explanation"
    if first(session, _RESOLVE, {"id": exception_id, "actor": actor, "note": note, "now": now}) is None:
        raise NotFound(exception_id=exception_id)
