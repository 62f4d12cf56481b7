"""The proof that credit is the ledger of orders: nobody is credited for what was not kept, and all of it is credited.

    shares   the basis points of each generation, and of the sellers of each of its lines, sum to 10,000
    order    an order's entries sum to what is kept of its base, per document and in all; 0 for one that was cancelled
    fee      fees of an order sum to 0
    missing  an order that was paid has its shares

Credit follows after the answer: an order whose facts still wait for their job is left out until they are done.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_WAITS = """done_at IS NULL AND (kind = 'effect.post_credits' OR (tries = 0 AND kind IN ('order.sold', 'order.paid',
    'order.revived', 'order.returned', 'order.completed', 'order.cancelled', 'order.refused')))"""
_ORDERS = text(f"""
    WITH waiting AS (
        SELECT DISTINCT (data ->> 'store_id')::bigint AS store_id, (data ->> 'order_id')::bigint AS order_id
        FROM journal WHERE {_WAITS}),
    back AS (SELECT store_id, order_id, sum(refund_fen - bonus_back_fen - freight_fen)::bigint AS fen FROM sale_return
             GROUP BY 1, 2),
    told AS (SELECT store_id, order_id, coalesce(sum(amount_fen) FILTER (WHERE kind = 'share'), 0)::bigint AS fen,
                    coalesce(sum(amount_fen) FILTER (WHERE kind = 'fee'), 0)::bigint AS fee_fen
             FROM credit_entry GROUP BY 1, 2),
    shared AS (SELECT DISTINCT store_id, order_id FROM credit_share),
    compared AS (
        SELECT o.store_id, o.id AS order_id, o.state, coalesce(told.fen, 0) AS credited_fen,
               coalesce(told.fee_fen, 0) AS fee_fen, shared.order_id IS NULL AS missing,
               CASE WHEN o.state = 'cancelled' THEN 0 ELSE greatest(o.payable_fen - o.freight_fen - o.wallet_bonus_fen
                    - coalesce(back.fen, 0), 0) END AS kept_fen
        FROM sale_order o LEFT JOIN back ON back.store_id = o.store_id AND back.order_id = o.id
        LEFT JOIN told ON told.store_id = o.store_id AND told.order_id = o.id
        LEFT JOIN shared ON shared.store_id = o.store_id AND shared.order_id = o.id
        WHERE o.paid_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM waiting w WHERE w.store_id = o.store_id AND w.order_id = o.id))
    SELECT CASE WHEN missing THEN 'missing' WHEN fee_fen <> 0 THEN 'fee' ELSE 'order' END AS fault, compared.*,
           greatest(abs(credited_fen - kept_fen), abs(fee_fen)) AS at_stake
    FROM compared WHERE credited_fen <> kept_fen OR fee_fen <> 0 OR missing ORDER BY 2, 3 LIMIT 1000""")
_SHARES = text("""
    SELECT 'shares' AS fault, store_id, order_id, generation, line_no, sum(bp)::bigint AS bp,
           abs(sum(bp) - 10000)::bigint AS at_stake
    FROM credit_share GROUP BY 2, 3, 4, 5 HAVING sum(bp) <> 10000 ORDER BY 2, 3, 4, 5 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order whose credit is not what is kept of it; `at_stake` in fen.  Empty is the proof."""
    return [dict(row) for part in (_ORDERS, _SHARES) for row in session.execute(part).mappings()]
