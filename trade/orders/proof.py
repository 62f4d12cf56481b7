"""The nightly proof that every order's money adds up to the fen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PROOF = text("""
    SELECT o.store_id, o.id, o.payable_fen, lines.net_fen, lines.list_fen, shares.fen AS shared_fen,
           paid.fen AS paid_fen
    FROM sale_order o
    LEFT JOIN LATERAL (SELECT sum(net_fen)::bigint AS net_fen, sum(list_fen)::bigint AS list_fen FROM order_line l
        WHERE l.store_id = o.store_id AND l.order_id = o.id) lines ON true
    LEFT JOIN LATERAL (SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM allocation a
        WHERE a.store_id = o.store_id AND a.order_id = o.id) shares ON true
    LEFT JOIN LATERAL (SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM tender t
        WHERE t.store_id = o.store_id AND t.order_id = o.id AND t.state = 'paid') paid ON true
    WHERE lines.net_fen IS DISTINCT FROM o.payable_fen OR lines.list_fen IS DISTINCT FROM o.list_fen
       OR shares.fen <> o.coupon_fen + o.discount_fen + o.points_fen
       OR (o.paid_at IS NOT NULL AND paid.fen <> o.payable_fen)
    ORDER BY o.store_id, o.id LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order whose lines, allocations or payments do not add up; empty is the proof."""
    return [dict(row) for row in session.execute(_PROOF).mappings()]
