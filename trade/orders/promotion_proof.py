"""The proof that promotions and orders tell one story: what each took off, was counted for, and gave back.

order     what its shares of promotions sum to is its promotion_fen
share     a promotion's shares of an order are what its use says, in its version (free shipping has none)
state     a cancelled order gave all of it back, any other what its returns bring back
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from trade.orders.promotions_due import DUE
from trade.pricing.promotions import proof

SIZE = text("SELECT count(*) FROM promotion_use")

_ORDER = text("""
    SELECT 'order' AS fault, o.store_id, o.id AS order_id, o.promotion_fen, coalesce(took.fen, 0) AS shared_fen,
           abs(o.promotion_fen - coalesce(took.fen, 0)) AS at_stake
    FROM sale_order o LEFT JOIN (SELECT store_id, order_id, sum(amount_fen)::bigint AS fen FROM allocation
        WHERE source = 'promotion' GROUP BY 1, 2) took ON took.store_id = o.store_id AND took.order_id = o.id
    WHERE o.promotion_fen <> coalesce(took.fen, 0) ORDER BY 2, 3 LIMIT 1000""")
_SHARE = text("""
    WITH took AS (SELECT store_id, order_id, source_id AS promotion_id, version, sum(amount_fen)::bigint AS fen
                  FROM allocation WHERE source = 'promotion' GROUP BY 1, 2, 3, 4),
    used AS (SELECT u.*, p.kind FROM promotion_use u LEFT JOIN promotion p ON p.id = u.promotion_id)
    SELECT 'share' AS fault, store_id, order_id, promotion_id, version, took.fen AS shared_fen, used.off_fen,
           abs(coalesce(took.fen, 0) - coalesce(used.off_fen, 0)) AS at_stake
    FROM took FULL JOIN used USING (store_id, order_id, promotion_id, version)
    WHERE used.off_fen IS NULL OR (coalesce(took.fen, 0) <> used.off_fen AND used.kind <> 'free_shipping')
    ORDER BY 2, 3, 4 LIMIT 1000""")
_STATE = text(f"""
    WITH due AS ({DUE}),
    must AS (
        SELECT u.store_id, u.order_id, u.promotion_id, o.state, u.back_units, u.back_fen,
               CASE WHEN o.state = 'cancelled' THEN u.units ELSE due.units END AS must_units,
               CASE WHEN o.state = 'cancelled' THEN u.off_fen ELSE due.fen END AS must_fen
        FROM promotion_use u JOIN due USING (store_id, order_id, promotion_id)
        JOIN sale_order o ON o.store_id = u.store_id AND o.id = u.order_id)
    SELECT 'state' AS fault, must.*, greatest(abs(back_units - must_units), abs(back_fen - must_fen)) AS at_stake
    FROM must WHERE (back_units, back_fen) <> (must_units, must_fen) ORDER BY 2, 3, 4 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order and promotion that disagree, and every count that is not the sum of its uses; `at_stake` in fen."""
    found = [dict(row) for part in (_ORDER, _SHARE, _STATE) for row in session.execute(part).mappings()]
    return [*found, *proof.differences(session)]
