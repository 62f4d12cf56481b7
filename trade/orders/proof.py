"""The nightly proof that every order's money adds up to the fen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PROOF = text("""
    SELECT o.store_id, o.id, o.payable_fen, lines.net_fen, lines.list_fen, shares.fen AS shared_fen,
           paid.fen AS paid_fen,
           greatest(abs(coalesce(lines.net_fen, 0) - o.payable_fen + o.freight_fen + o.rounding_fen),
                    abs(coalesce(lines.list_fen, 0) - o.list_fen),
                    abs(shares.fen - o.promotion_fen - o.coupon_fen - o.discount_fen - o.points_fen),
                    CASE WHEN o.paid_at IS NULL THEN 0 ELSE abs(paid.fen - o.payable_fen) END) AS at_stake
    FROM sale_order o
    LEFT JOIN LATERAL (SELECT sum(net_fen)::bigint AS net_fen, sum(list_fen)::bigint AS list_fen FROM order_line l
        WHERE l.store_id = o.store_id AND l.order_id = o.id) lines ON true
    LEFT JOIN LATERAL (SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM allocation a
        WHERE a.store_id = o.store_id AND a.order_id = o.id) shares ON true
    LEFT JOIN LATERAL (SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM tender t
        WHERE t.store_id = o.store_id AND t.order_id = o.id AND t.state = 'paid') paid ON true
    WHERE lines.net_fen IS DISTINCT FROM o.payable_fen - o.freight_fen - o.rounding_fen
       OR lines.list_fen IS DISTINCT FROM o.list_fen
       OR shares.fen <> o.promotion_fen + o.coupon_fen + o.discount_fen + o.points_fen
       OR (o.paid_at IS NOT NULL AND paid.fen <> o.payable_fen)
    ORDER BY o.store_id, o.id LIMIT 1000""")


_LINES = text("""
    SELECT 'line' AS fault, l.store_id, l.order_id AS id, l.line_no, l.list_fen, l.net_fen, shares.fen AS shared_fen,
           abs(l.list_fen - coalesce(shares.fen, 0) - l.net_fen) AS at_stake
    FROM order_line l LEFT JOIN (SELECT store_id, order_id, line_no, sum(amount_fen)::bigint AS fen FROM allocation
                                 GROUP BY 1, 2, 3) shares
        ON shares.store_id = l.store_id AND shares.order_id = l.order_id AND shares.line_no = l.line_no
    WHERE l.list_fen - coalesce(shares.fen, 0) <> l.net_fen ORDER BY 2, 3, 4 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order whose lines, allocations or payments do not add up; empty is the proof."""
    return [dict(row) for proof in (_PROOF, _LINES) for row in session.execute(proof).mappings()]
