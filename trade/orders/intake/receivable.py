"""What a channel's platform owes us: the buyers' money it took, and the discounts it bears, less what went back.

Counted from tenders, refunds, allocations and returns, order by order; nothing of it is stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_OWED = text("""
    SELECT o.store_id, o.id AS order_id, o.external_no, o.state, o.paid_at,
        coalesce(t.taken_fen, 0) AS taken_fen, coalesce(t.refunded_fen, 0) AS refunded_fen,
        coalesce(f.funded_fen, 0) AS funded_fen,
        coalesce(CASE WHEN o.state = 'cancelled' THEN f.funded_fen ELSE f.back_fen END, 0) AS funded_back_fen
    FROM sale_order o
    LEFT JOIN LATERAL (
        SELECT sum(t.amount_fen)::bigint AS taken_fen, sum((SELECT coalesce(sum(r.amount_fen), 0) FROM refund r
            WHERE r.store_id = t.store_id AND r.tender_id = t.id AND r.state <> 'closed'))::bigint AS refunded_fen
        FROM tender t WHERE t.store_id = o.store_id AND t.order_id = o.id AND t.kind = 'channel' AND t.state = 'paid'
        ) t ON true
    LEFT JOIN LATERAL (
        SELECT sum(a.amount_fen)::bigint AS funded_fen, sum(a.amount_fen * coalesce((SELECT sum(r.qty)
            FROM return_line r WHERE r.store_id = a.store_id AND r.order_id = a.order_id AND r.line_no = a.line_no),
            0)::bigint / l.qty)::bigint AS back_fen
        FROM allocation a JOIN order_line l USING (store_id, order_id, line_no)
        WHERE a.store_id = o.store_id AND a.order_id = o.id AND a.source = 'channel') f ON true
    WHERE o.sales_channel_id = :channel AND o.paid_at >= :since AND o.paid_at < :until
    ORDER BY o.paid_at, o.store_id, o.id""")


def owed(session: Session, channel_id: int, *, since: datetime, until: datetime) -> dict[str, Any]:
    """What the platform owes for a channel's orders paid in `[since, until)`: in all, and order by order.

    `owed_fen` = taken - refunded + funded - the funded shares of units that came back (cumulative floors per line, all
    of it for a cancelled order).
    """
    rows = fetch(session, _OWED, {"channel": channel_id, "since": since, "until": until})
    names = ("taken_fen", "refunded_fen", "funded_fen", "funded_back_fen")
    orders = []
    for row in rows:
        figures = {name: int(getattr(row, name)) for name in names}
        figures["owed_fen"] = figures["taken_fen"] - figures["refunded_fen"]
        figures["owed_fen"] += figures["funded_fen"] - figures["funded_back_fen"]
        key = {"store_id": row.store_id, "order_id": row.order_id, "external_no": row.external_no, "state": row.state}
        orders.append({**key, "paid_at": row.paid_at.isoformat(), **figures})
    whole = {name: sum(one[name] for one in orders) for name in (*names, "owed_fen")}
    return {**whole, "orders": orders}
