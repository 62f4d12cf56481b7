"""The proof that late money was not kept: it is its order's, or on its way back in full.

    payment    attempt   order               refunds that count
    open       late      any                 all of it
    refunded   late      any                 all of it
    restored   paid      revived             what its returns gave back, or all once it is cancelled
    moved      paid      revived             the same

No attempt is late without its row, and no order is revived without one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PAYMENTS = text("""
    WITH back AS (SELECT store_id, tender_id, sum(amount_fen)::bigint AS fen FROM refund WHERE state <> 'closed'
                  GROUP BY 1, 2),
    compared AS (
        SELECT t.store_id, t.order_id, t.top_up_id, t.id AS tender_id, t.state AS tender_state, l.state,
               t.amount_fen, coalesce(back.fen, 0) AS back_fen, o.revived_at IS NOT NULL AS revived
        FROM tender t LEFT JOIN late_payment l ON l.store_id = t.store_id AND l.tender_id = t.id
        LEFT JOIN back ON back.store_id = t.store_id AND back.tender_id = t.id
        LEFT JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id
        WHERE t.state = 'late' OR l.state IS NOT NULL)
    SELECT 'late' AS fault, *, greatest(abs(amount_fen - back_fen), 1) AS at_stake FROM compared
    WHERE CASE WHEN state IN ('open', 'refunded') THEN tender_state <> 'late' OR back_fen <> amount_fen
               WHEN state IN ('restored', 'moved') THEN tender_state <> 'paid' OR NOT revived
               ELSE true END
    ORDER BY 2, 5 LIMIT 1000""")
_ORDERS = text("""
    SELECT 'revived' AS fault, o.store_id, o.id AS order_id, o.payable_fen AS at_stake FROM sale_order o
    WHERE o.revived_at IS NOT NULL AND NOT EXISTS (SELECT FROM late_payment l WHERE l.store_id = o.store_id
        AND l.order_id = o.id AND l.state IN ('restored', 'moved'))
    ORDER BY 2, 3 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every late payment that was kept, or counted twice; `at_stake` in fen.  Empty is the proof."""
    return [dict(row) for proof in (_PAYMENTS, _ORDERS) for row in session.execute(proof).mappings()]
