"""The proof that growth is what the formula says of every order (members-mall-orders.md 3.3; `member/growth.py`).

    earned   floor(basis / 1 yuan), once, for an order that was ever paid
    left     earned - floor(earned x basis that came back / basis); all of it came back of one cancelled after payment
    nobody   an order without a member, or never paid, has no growth at all

Growth is counted after the answer, so an order whose facts still wait for their job is left out until they are done;
so is what was written off for a member who left, and what the first migration counted by an older basis.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from trade.orders.facts import BASIS_BACK

_WAITS = """done_at IS NULL AND (kind IN ('order.paid', 'order.returned', 'effect.count_growth')
    OR (tries = 0
        AND kind IN ('order.sold', 'order.completed', 'order.cancelled', 'order.refused', 'order.revived')))"""
"""Facts whose growth is to be counted still; the latter write a row of their own for it when first leased."""
_PROOF = text(f"""
    WITH told AS (
        SELECT source, min(member_id) AS member_id, count(DISTINCT member_id) AS members,
               coalesce(sum(quantity + pending) FILTER (WHERE event = 'earn'), 0)::bigint AS earned,
               sum(quantity + pending)::bigint AS kept, bool_or(actor = 'migration') AS migrated
        FROM lot_entry WHERE account = 'growth' AND source LIKE 'order:%' GROUP BY source),
    waiting AS (
        SELECT DISTINCT (data ->> 'store_id')::bigint AS store_id, (data ->> 'order_id')::bigint AS order_id
        FROM journal WHERE {_WAITS}),
    back AS (
        SELECT line.store_id, line.order_id, sum({BASIS_BACK})::bigint AS basis_fen
        FROM order_line line JOIN (SELECT store_id, order_id, line_no, sum(qty)::bigint AS qty,
                                          sum(refund_fen)::bigint AS fen FROM return_line
                                   GROUP BY 1, 2, 3) back USING (store_id, order_id, line_no) GROUP BY 1, 2),
    asked AS (
        SELECT o.store_id, o.id AS order_id, o.state, o.member_id, o.earn_basis_fen AS basis_fen,
               CASE WHEN o.member_id IS NULL OR o.paid_at IS NULL THEN 0 ELSE o.earn_basis_fen / 100 END AS must_earn,
               CASE WHEN o.state = 'cancelled' THEN o.earn_basis_fen
                    ELSE least(coalesce(back.basis_fen, 0), o.earn_basis_fen) END AS back_fen
        FROM sale_order o LEFT JOIN back ON back.store_id = o.store_id AND back.order_id = o.id
        LEFT JOIN member m ON m.id = o.member_id
        WHERE m.erased_at IS NULL AND NOT EXISTS (
            SELECT FROM waiting w WHERE w.store_id = o.store_id AND w.order_id = o.id)),
    compared AS (
        SELECT asked.*, 'order:' || order_id AS source,
               CASE WHEN basis_fen = 0 THEN 0 ELSE must_earn - must_earn * back_fen / basis_fen END AS must_keep,
               coalesce(told.earned, 0) AS earned, coalesce(told.kept, 0) AS kept,
               coalesce(told.members, 0) AS members, told.member_id AS entries_of
        FROM asked LEFT JOIN told ON told.source = 'order:' || asked.order_id
        WHERE NOT coalesce(told.migrated, false))
    SELECT 'growth' AS fault, *, greatest(abs(earned - must_earn), abs(kept - must_keep)) AS at_stake FROM compared
    WHERE earned <> must_earn OR kept <> must_keep OR members > 1 OR (members = 1 AND entries_of <> member_id)
    ORDER BY 2, 3 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order whose growth is not what the formula makes of it; `at_stake` in growth.  Empty is the proof."""
    return [dict(row) for row in session.execute(_PROOF).mappings()]
