"""Which baskets a store has put aside: for its tills, and for who takes over a shift."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.masking import masked_name

_OPEN = """h.state IN ('held', 'editing') OR (h.state = 'sold' AND EXISTS (SELECT FROM sale_order o
    WHERE o.store_id = h.store_id AND o.id = h.order_id AND o.state = 'cancelled'))"""
_LIST = text(f"""
    SELECT h.*, till.name AS till_name, at_till.name AS at_till_name, staff.name AS staff_name,
           member.name AS member_name
    FROM held_basket h JOIN till ON till.store_id = h.store_id AND till.id = h.till_id
    JOIN staff ON staff.id = h.staff_id LEFT JOIN member ON member.id = h.member_id
    LEFT JOIN till at_till ON at_till.store_id = h.store_id AND at_till.id = h.lease_till_id
    WHERE h.store_id = :store AND h.held_at > :since
      AND ({_OPEN} OR (h.state = 'expired' AND h.expires_at > :since))
    ORDER BY h.state = 'expired', h.held_at, h.id LIMIT 200""")


def listed(session: Session, store_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """What a store's tills may take up, the oldest first, and what ended with the last business days (`expired`).

    `at_till_name` is where one is being edited, until `lease_until`.
    """
    found = fetch(session, _LIST, {"store": store_id, "since": now - timedelta(days=2)})
    return [_as_json(row, now) for row in found]


def held_of(session: Session, store_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """What is put aside in a store right now: whoever takes over a shift takes it over, too."""
    return [one for one in listed(session, store_id, now=now) if one["state"] != "expired"]


def _as_json(row: Any, now: datetime) -> dict[str, Any]:
    leased = row.lease_until is not None and row.lease_until > now
    lines = row.basket.get("lines", [])
    return {
        "id": row.id,
        "version": row.version,
        "state": "expired" if row.state == "expired" else "editing" if leased else "held",
        "note": row.note,
        "names": [line["name"] for line in row.lines[:3]],
        "kinds": len(lines),
        "payable_fen": row.payable_fen,
        "member_name": masked_name(row.member_name) if row.member_name is not None else None,
        "till_name": row.till_name,
        "staff_name": row.staff_name,
        "at_till_name": row.at_till_name if leased else None,
        "lease_until": row.lease_until.isoformat() if leased else None,
        "held_at": row.held_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
    }
