"""The proof that every group keeps its word: no order went on at its price without a full group, none that failed was
kept.

    fault       what differs
    places      an open group counts other places than orders hold in it; a formed one that is not full
    waits       an order of an open group is not paid, or does not wait for it
    went_on     an order of a formed group still waits, though the group is full
    kept        an order has a place in a group that failed
    not_back    an order left a group that failed, and its money is not all back or on its way
    alone       an order went on at the price of a group without a place in one
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

SIZE = text("SELECT count(*) FROM group_seat")

_PLACES = text("""
    SELECT 'places' AS fault, g.store_id, g.id AS group_id, NULL::bigint AS order_id,
        coalesce(seats.fen, 0) + 1 AS at_stake
    FROM group_buy g LEFT JOIN LATERAL (
        SELECT count(*) AS n, sum(o.payable_fen)::bigint AS fen FROM group_seat s
        JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
        WHERE s.group_id = g.id AND s.state = 'taken') seats ON true
    WHERE (g.state = 'open' AND (g.taken <> seats.n OR g.taken = g.people OR g.taken = 0))
       OR (g.state = 'formed' AND (g.taken <> g.people OR seats.n > g.people))
    ORDER BY 2, 3 LIMIT 1000""")
_SEATS = text("""
    WITH seats AS (
        SELECT s.store_id, s.order_id, s.group_id, s.state, g.state AS group_state, o.state AS order_state,
            o.payable_fen, coalesce(r.state = 'none' AND r.reasons @> '[{"reason": "group"}]', false) AS waits,
            (SELECT coalesce(sum(t.amount_fen), 0) FROM tender t WHERE t.store_id = s.store_id
                AND t.order_id = s.order_id AND t.state = 'paid') AS paid_fen,
            (SELECT coalesce(sum(f.amount_fen), 0) FROM refund f JOIN tender t ON t.store_id = f.store_id
                AND t.id = f.tender_id WHERE t.store_id = s.store_id AND t.order_id = s.order_id
                AND t.state = 'paid' AND f.state <> 'closed') AS back_fen
        FROM group_seat s JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
        LEFT JOIN group_buy g ON g.id = s.group_id
        LEFT JOIN order_review r ON r.store_id = s.store_id AND r.order_id = s.order_id),
    judged AS (SELECT *, CASE
        WHEN state = 'asked' AND order_state NOT IN ('placed', 'cancelled') THEN 'alone'
        WHEN state = 'taken' AND group_state = 'open' AND (order_state <> 'paid' OR NOT waits) THEN 'waits'
        WHEN state = 'taken' AND group_state = 'formed' AND waits THEN 'went_on'
        WHEN state = 'taken' AND group_state = 'failed' THEN 'kept'
        WHEN state = 'left' AND (order_state <> 'cancelled' OR (group_state = 'failed' AND paid_fen <> back_fen))
            THEN 'not_back' END AS fault FROM seats)
    SELECT fault, store_id, group_id, order_id, greatest(payable_fen, 1) AS at_stake FROM judged WHERE fault IS NOT NULL
    ORDER BY 2, 4 LIMIT 1000""")
_ALONE = text("""
    SELECT 'alone' AS fault, u.store_id, NULL::bigint AS group_id, u.order_id, greatest(o.payable_fen, 1) AS at_stake
    FROM promotion p JOIN promotion_use u ON u.promotion_id = p.id
    JOIN sale_order o ON o.store_id = u.store_id AND o.id = u.order_id
    WHERE p.kind = 'group' AND NOT EXISTS (
        SELECT FROM group_seat s WHERE s.store_id = u.store_id AND s.order_id = u.order_id)
    ORDER BY 2, 4 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every group and order that is not as its state says; `at_stake` in fen.  Empty is the proof."""
    return [dict(row) for proof in (_PLACES, _SEATS, _ALONE) for row in session.execute(proof).mappings()]
