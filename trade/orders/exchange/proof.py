"""The proof that the two sides of every exchange agree, and that money which changed its purpose is nowhere twice.

row     it has a document of return exactly when its order is done
moved   the return's refunds `exchange` and the order's tenders `exchange` are both what the row says was brought,
        root by root, and the return gave back what it says
spent   of the stored value that came back, no more was spent anew than pays for the order
root    what a tender gave back, and what was brought from it gave back elsewhere, is no more than it took
stray   no tender and no refund `exchange` is without its row
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_ROWS = text("""
    WITH tenders AS (SELECT store_id, order_id, sum(amount_fen)::bigint AS fen FROM tender WHERE kind = 'exchange'
                     GROUP BY 1, 2),
    refunds AS (SELECT store_id, return_id, sum(amount_fen)::bigint AS fen FROM refund WHERE kind = 'exchange'
                GROUP BY 1, 2)
    SELECT 'exchange' AS fault, e.store_id, e.order_id, e.return_id, o.state, e.brought_fen, e.refund_fen,
           coalesce(tenders.fen, 0) AS tenders_fen, coalesce(refunds.fen, 0) AS refunds_fen,
           greatest(abs(coalesce(tenders.fen, 0) - e.brought_fen), abs(coalesce(refunds.fen, 0) - e.brought_fen),
                    abs(coalesce(r.refund_fen, 0) - e.refund_fen)) AS at_stake
    FROM exchange e JOIN sale_order o ON o.store_id = e.store_id AND o.id = e.order_id
    LEFT JOIN sale_return r ON r.store_id = e.back_store_id AND r.id = e.return_id
    LEFT JOIN tenders ON tenders.store_id = e.store_id AND tenders.order_id = e.order_id
    LEFT JOIN refunds ON refunds.store_id = e.back_store_id AND refunds.return_id = e.return_id
    WHERE (o.state = 'done') <> (e.return_id IS NOT NULL)
       OR (o.state = 'done' AND (tenders.fen IS DISTINCT FROM nullif(e.brought_fen, 0)
           OR refunds.fen IS DISTINCT FROM nullif(e.brought_fen, 0) OR r.refund_fen <> e.refund_fen
           OR r.order_id <> e.back_order_id OR e.respent_fen > o.wallet_principal_fen + o.wallet_bonus_fen
           OR e.respent_fen > r.principal_back_fen + r.bonus_back_fen))
       OR (o.state <> 'done' AND tenders.fen > 0)
    ORDER BY 2, 3 LIMIT 1000""")

_ROOTS = text("""
    WITH stayed AS (SELECT e.store_id, e.order_id, coalesce(t.root_store_id, t.store_id) AS root_store_id,
                           coalesce(t.root_id, t.id) AS root_id, sum(f.amount_fen)::bigint AS fen
                    FROM refund f JOIN tender t ON t.store_id = f.store_id AND t.id = f.tender_id
                    JOIN exchange e ON e.back_store_id = f.store_id AND e.return_id = f.return_id
                    WHERE f.kind = 'exchange' GROUP BY 1, 2, 3, 4),
    paid AS (SELECT store_id, order_id, root_store_id, root_id, sum(amount_fen)::bigint AS fen FROM tender
             WHERE kind = 'exchange' GROUP BY 1, 2, 3, 4)
    SELECT 'moved' AS fault, store_id, order_id, root_id AS tender_id, coalesce(stayed.fen, 0) AS stayed_fen,
           coalesce(paid.fen, 0) AS paid_fen, abs(coalesce(stayed.fen, 0) - coalesce(paid.fen, 0)) AS at_stake
    FROM stayed FULL JOIN paid USING (store_id, order_id, root_store_id, root_id)
    WHERE stayed.fen IS DISTINCT FROM paid.fen ORDER BY 2, 3, 4 LIMIT 1000""")

_TWICE = text("""
    WITH back AS (SELECT coalesce(t.root_store_id, t.store_id) AS store_id, coalesce(t.root_id, t.id) AS id,
                         sum(f.amount_fen)::bigint AS fen
                  FROM refund f JOIN tender t ON t.store_id = f.store_id AND t.id = f.tender_id
                  WHERE f.kind <> 'exchange' AND f.state <> 'closed' GROUP BY 1, 2)
    SELECT 'root' AS fault, t.store_id, t.order_id, t.id AS tender_id, t.amount_fen, back.fen AS back_fen,
           back.fen - t.amount_fen AS at_stake
    FROM back JOIN tender t USING (store_id, id) WHERE back.fen > t.amount_fen ORDER BY 2, 4 LIMIT 1000""")

_STRAY = text("""
    SELECT 'stray' AS fault, f.store_id, f.order_id, f.return_id, f.tender_id, f.amount_fen AS at_stake
    FROM refund f LEFT JOIN exchange e ON e.back_store_id = f.store_id AND e.return_id = f.return_id
    WHERE f.kind = 'exchange' AND e.order_id IS NULL ORDER BY 2, 4 LIMIT 1000""")

SIZE = text("SELECT count(*) FROM exchange")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every exchange whose two sides do not agree; `at_stake` in fen."""
    return [dict(row) for proof in (_ROWS, _ROOTS, _TWICE, _STRAY) for row in session.execute(proof).mappings()]
