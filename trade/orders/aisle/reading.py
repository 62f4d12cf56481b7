"""What a receipt says of goods that another store hands over: where, when, how, and the code to fetch them with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.fulfilment import pickup
from trade.fulfilment.states import CLOSED

_PARCELS = text("""
    SELECT p.mode, p.state, p.promise_at, p.pickup_sealed, s.name AS store_name, s.address AS store_address,
        (SELECT json_agg(json_build_object('line_no', l.line_no, 'qty', l.qty - l.short_qty) ORDER BY l.line_no)
         FROM parcel_line l WHERE l.store_id = p.store_id AND l.parcel_id = p.id AND l.qty > l.short_qty) AS lines
    FROM parcel p LEFT JOIN store s ON s.id = p.at_store_id
    WHERE p.store_id = :store AND p.order_id = :order AND p.case_id IS NULL AND p.hop > 0 ORDER BY p.id""")


def elsewhere(session: Session, store_id: int, order_id: int, *, codes: bool) -> list[dict[str, Any]]:
    """The parcels of a till sale that other stores were asked for; what was carried out is none of them.

    :param codes: with the pickup codes of those that wait; an answer that is kept must not have them.
    """
    found = []
    for row in fetch(session, _PARCELS, {"store": store_id, "order": order_id}):
        waits = codes and row.mode == "pickup" and row.state not in CLOSED and row.pickup_sealed is not None
        found.append(
            {
                "mode": row.mode,
                "state": row.state,
                "store_name": row.store_name or "",
                "store_address": row.store_address or "",
                "promise_at": row.promise_at.isoformat() if row.promise_at else None,
                "pickup_code": pickup.open_code(bytes(row.pickup_sealed)) if waits else None,
                "lines": row.lines or [],
            }
        )
    return found


def with_codes(session: Session, store_id: int, receipt: dict[str, Any]) -> dict[str, Any]:
    """A receipt that was remembered without them, with the codes of what waits elsewhere: they are only kept sealed."""
    if not receipt["elsewhere"]:
        return receipt
    away = elsewhere(session, store_id, receipt["order_id"], codes=True)
    return receipt | {"elsewhere": away}
