"""The members whom a till of a store knows without network: who bought here within a year, the latest of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import till_cards

PARTS = 16
MOST = 1250
"""Members in a part: 20,000 in all, about 700 KB."""
SINCE = timedelta(days=365)

_HERE = text("""
    SELECT member_id FROM sale_order
    WHERE store_id = :store AND member_id % :parts = :part AND placed_at >= :since AND state <> 'cancelled'
    GROUP BY member_id ORDER BY max(id) DESC LIMIT :most""")


def part(session: Session, store_id: int, no: int, *, now: datetime) -> dict[str, Any]:
    """One part of the members of a store, `{key, parts, rows}`, rows as `member.till_cards` writes them.

    A member is always in the same part, so that little of it changes from one day to the next.
    """
    given = {"store": store_id, "parts": PARTS, "part": no, "since": now - SINCE, "most": MOST}
    ids = [row.member_id for row in fetch(session, _HERE, given)]
    return {"key": till_cards.key(store_id).hex(), "parts": PARTS, "rows": till_cards.rows(session, store_id, ids)}
