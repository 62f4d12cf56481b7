"""Shelf prices that a cashier honoured though the till said more: for the store, and for the head office."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

MOST = 500

_HONOURED = text("""
    SELECT j.at, o.store_id, store.name AS store_name, o.id AS order_id, line.sku_id, line.name, line.spec, line.qty,
        line.weighed, CAST(one ->> 'before_fen' AS bigint) AS before_fen, CAST(one ->> 'after_fen' AS bigint)
        AS after_fen, CAST(one ->> 'off_fen' AS bigint) AS off_fen, staff.name AS cashier, j.data ->> 'approved_by'
        AS approved_by
    FROM journal j CROSS JOIN LATERAL jsonb_array_elements(j.data -> 'discounts') one
    JOIN sale_order o ON o.store_id = CAST(j.data ->> 'store_id' AS bigint)
        AND o.id = CAST(j.data ->> 'order_id' AS bigint)
    JOIN store ON store.id = o.store_id LEFT JOIN staff ON staff.id = o.staff_id
    JOIN order_line line ON line.store_id = o.store_id AND line.order_id = o.id
        AND line.line_no = CAST(one ->> 'line_no' AS bigint)
    WHERE j.kind = 'order.discounted_by_hand' AND j.at >= :since AND one ->> 'reason' = 'shelf_price'
      AND o.state <> 'cancelled' AND (CAST(:store AS bigint) IS NULL OR o.store_id = :store)
    ORDER BY j.at DESC LIMIT :most""")


def listed(session: Session, store_id: int | None, *, since: datetime) -> list[dict[str, Any]]:
    """Lines that were given for what the shelf said, the newest first; of every store with None.

    `before_fen` and `after_fen` are of the whole line: what the till asked and what was paid.
    """
    rows = fetch(session, _HONOURED, {"store": store_id, "since": since, "most": MOST})
    return [row._asdict() | {"at": row.at.isoformat()} for row in rows]
