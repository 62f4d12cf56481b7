"""The proof that coupons and orders tell one story: what is locked, what is used, and what each took off."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.coupons import proof

SIZE = text("SELECT count(*) FROM coupon")

_PROOF = text("""
    WITH took AS (SELECT store_id, order_id, source_id, sum(amount_fen)::bigint AS fen FROM allocation
        WHERE source = 'coupon' GROUP BY 1, 2, 3)
    SELECT 'locked' AS fault, c.id AS coupon_id, o.id AS order_id, o.state AS order_state, o.coupon_fen AS at_stake
    FROM coupon c LEFT JOIN sale_order o ON o.store_id = c.store_id AND o.id = c.order_id
    WHERE c.state = 'locked' AND o.state IS DISTINCT FROM 'placed'
    UNION ALL
    SELECT 'used', c.id, o.id, o.state, coalesce(o.coupon_fen, 0)
    FROM coupon c LEFT JOIN sale_order o ON o.store_id = c.store_id AND o.id = c.order_id
        JOIN coupon_template t ON t.id = c.template_id
    WHERE c.state = 'used' AND (o.paid_at IS NULL OR (o.state = 'cancelled' AND t.return_rule <> 'never'))
    UNION ALL
    SELECT 'holder', c.id, o.id, o.state, coalesce(o.coupon_fen, 0)
    FROM coupon c JOIN sale_order o ON o.store_id = c.store_id AND o.id = c.order_id
    WHERE c.state IN ('locked', 'used') AND o.member_id IS DISTINCT FROM c.member_id
    UNION ALL
    SELECT 'share', c.id, c.order_id, NULL, 0 FROM coupon c
    LEFT JOIN took ON took.store_id = c.store_id AND took.order_id = c.order_id AND took.source_id = c.id
    WHERE c.state IN ('locked', 'used', 'returned') AND took.fen IS NULL
    UNION ALL
    SELECT 'order', took.source_id, took.order_id, o.state, took.fen
    FROM took JOIN sale_order o ON o.store_id = took.store_id AND o.id = took.order_id
    LEFT JOIN coupon c ON c.id = took.source_id AND c.store_id = took.store_id AND c.order_id = took.order_id
    WHERE o.state <> 'cancelled' AND c.state IS NULL
    UNION ALL
    SELECT 'taken_off', NULL, o.id, o.state, o.coupon_fen - coalesce(sums.fen, 0)
    FROM sale_order o LEFT JOIN (SELECT store_id, order_id, sum(fen)::bigint AS fen FROM took GROUP BY 1, 2) sums
        ON sums.store_id = o.store_id AND sums.order_id = o.id
    WHERE o.coupon_fen <> coalesce(sums.fen, 0)
    ORDER BY 1, 2, 3 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Coupons that disagree with their offer, their history or their order; empty is the proof.

    A locked coupon belongs to an order that waits for payment, a used one to an order that was paid and stands; each
    has its share on the lines, and the shares sum to what the order says coupons took off.
    """
    return [*proof.differences(session), *(row._asdict() for row in fetch(session, _PROOF, {}))]
