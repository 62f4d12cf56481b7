"""What of promotions comes back into their quotas and budgets when goods of an order come back.

Of a promotion that took off F fen for U units, with the shares a_i of lines of which r_i of q_i units came back:

    fen back    F' = sum of floor(a_i x r_i / q_i)
    units back  floor(U x F' / F); one that took nothing off goods (a gift, free shipping) comes back with the last unit

So one unit of a flash sale returned is one unit that may be bought again, and 满减 comes back with its last line.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.pricing.promotions import counts

DUE = """
    SELECT u.store_id, u.order_id, u.promotion_id,
           CASE WHEN whole.back THEN u.units WHEN coalesce(shares.fen, 0) = 0 THEN 0
                ELSE u.units * shares.back_fen / shares.fen END AS units,
           CASE WHEN whole.back THEN u.off_fen ELSE coalesce(shares.back_fen, 0) END AS fen
    FROM promotion_use u
    JOIN LATERAL (SELECT bool_and(l.qty = coalesce((SELECT sum(r.qty) FROM return_line r WHERE r.store_id = l.store_id
                      AND r.order_id = l.order_id AND r.line_no = l.line_no), 0)) AS back
        FROM order_line l WHERE l.store_id = u.store_id AND l.order_id = u.order_id) whole ON true
    LEFT JOIN LATERAL (SELECT sum(a.amount_fen)::bigint AS fen, sum(a.amount_fen * coalesce((SELECT sum(r.qty)
                FROM return_line r WHERE r.store_id = a.store_id AND r.order_id = a.order_id AND r.line_no = a.line_no),
                0)::bigint / l.qty)::bigint AS back_fen
        FROM allocation a
        JOIN order_line l ON l.store_id = a.store_id AND l.order_id = a.order_id AND l.line_no = a.line_no
        WHERE a.store_id = u.store_id AND a.order_id = u.order_id AND a.source = 'promotion'
          AND a.source_id = u.promotion_id) shares ON true"""
_OF_ORDER = text(f"{DUE} WHERE u.store_id = :store AND u.order_id = :order")


def returned(session: Session, store_id: int, order_id: int) -> None:
    """Give back what the returns of an order, this one among them, bring back; a repeat gives nothing more."""
    due = {
        row.promotion_id: (row.units, row.fen)
        for row in fetch(session, _OF_ORDER, {"store": store_id, "order": order_id})
    }
    if due:
        counts.give_back(session, store_id, order_id, due)
