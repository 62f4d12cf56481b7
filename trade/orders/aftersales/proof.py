"""The proof that after-sales cases, documents of return and goods tell one story.

case      refunding and on     its document is one of its kind, for its units that were taken, or its amounts, and
                               no other case has it; before that, and for an exchange or resend, there is none
asked     of a line            units back and asked for are no more than were bought, money no more than was paid
goods     exchange             what was taken entered the stock of the store that inspected it
arrived   done                 all of its document's money is with the customer
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_CASE = text("""
    WITH mine AS (
        SELECT c.store_id, c.order_id, c.id AS case_id, c.kind, c.state, c.return_id, d.kind AS document,
               c.state IN ('refunding', 'refund_failed') OR (c.state = 'done' AND c.kind NOT IN ('exchange', 'resend'))
                   AS must, CASE WHEN c.kind IN ('refund_only', 'price_protection') THEN 'amount'
                   WHEN c.kind = 'unshipped_refund' THEN 'unshipped' ELSE 'goods' END AS must_be,
               count(*) OVER (PARTITION BY c.store_id, c.return_id) AS claimed
        FROM aftersale_case c LEFT JOIN sale_return d ON d.store_id = c.store_id AND d.id = c.return_id),
    compared AS (
        SELECT mine.*, coalesce((SELECT sum(abs(coalesce(r.qty, 0) - CASE WHEN mine.must_be = 'goods'
                   THEN l.sellable_qty + l.quarantine_qty + l.written_off_qty ELSE l.qty END)
                   + CASE WHEN l.amount_fen > 0 THEN abs(coalesce(r.refund_fen, 0) - l.amount_fen) ELSE 0 END)
               FROM (SELECT * FROM aftersale_line a WHERE a.store_id = mine.store_id AND a.case_id = mine.case_id) l
               LEFT JOIN return_line r ON r.store_id = l.store_id AND r.return_id = mine.return_id
                   AND r.line_no = l.line_no), 0)::bigint AS off
        FROM mine)
    SELECT 'case' AS fault, *, greatest(off, 1) AS at_stake FROM compared
    WHERE must <> (return_id IS NOT NULL)
       OR (return_id IS NOT NULL AND (document IS DISTINCT FROM must_be OR claimed > 1 OR off <> 0))
    ORDER BY 2, 4 LIMIT 1000""")
_ASKED = text("""
    WITH asked AS (
        SELECT l.store_id, l.order_id, l.line_no, sum(l.qty)::bigint AS qty, sum(l.amount_fen)::bigint AS fen
        FROM aftersale_line l JOIN aftersale_case c ON c.store_id = l.store_id AND c.id = l.case_id
        WHERE c.locks GROUP BY 1, 2, 3),
    back AS (SELECT store_id, order_id, line_no, sum(qty)::bigint AS qty, sum(refund_fen)::bigint AS fen
             FROM return_line GROUP BY 1, 2, 3)
    SELECT 'asked' AS fault, o.store_id, o.order_id, o.line_no, o.qty AS bought, o.net_fen,
           asked.qty AS asked_qty, asked.fen AS asked_fen, coalesce(back.qty, 0) AS back_qty,
           coalesce(back.fen, 0) AS back_fen,
           greatest(asked.qty + coalesce(back.qty, 0) - o.qty, asked.fen + coalesce(back.fen, 0) - o.net_fen)
               AS at_stake
    FROM asked JOIN order_line o USING (store_id, order_id, line_no) LEFT JOIN back USING (store_id, order_id, line_no)
    WHERE asked.qty + coalesce(back.qty, 0) > o.qty OR asked.fen + coalesce(back.fen, 0) > o.net_fen
    ORDER BY 2, 3, 4 LIMIT 1000""")
_GOODS = text("""
    WITH taken AS (
        SELECT c.at_store_id, 'aftersale:' || c.store_id || ':' || c.id AS key,
               coalesce(kit.component_sku_id, o.given_sku_id, o.sku_id) AS sku_id,
               sum((l.sellable_qty + l.quarantine_qty + l.written_off_qty) * coalesce(kit.qty, 1))::bigint AS qty
        FROM aftersale_case c JOIN aftersale_line l ON l.store_id = c.store_id AND l.case_id = c.id
        JOIN order_line o ON o.store_id = l.store_id AND o.order_id = l.order_id AND o.line_no = l.line_no
        LEFT JOIN kit ON kit.sku_id = coalesce(o.given_sku_id, o.sku_id)
        WHERE c.kind = 'exchange' AND c.state IN ('inspected', 'done') GROUP BY 1, 2, 3),
    came AS (SELECT store_id AS at_store_id, key, sku_id, sum(qty)::bigint AS qty FROM stock_movement
             WHERE key LIKE 'aftersale:%' GROUP BY 1, 2, 3)
    SELECT 'goods' AS fault, at_store_id, split_part(key, ':', 2)::bigint AS store_id,
           split_part(key, ':', 3)::bigint AS case_id, sku_id, coalesce(taken.qty, 0) AS taken,
           coalesce(came.qty, 0) AS came_in, abs(coalesce(taken.qty, 0) - coalesce(came.qty, 0)) AS at_stake
    FROM taken FULL JOIN came USING (at_store_id, key, sku_id)
    WHERE coalesce(taken.qty, 0) <> coalesce(came.qty, 0) ORDER BY 3, 4, 5 LIMIT 1000""")
_ARRIVED = text("""
    SELECT 'arrived' AS fault, c.store_id, c.order_id, c.id AS case_id, d.refund_fen,
           coalesce(sum(f.amount_fen), 0)::bigint AS arrived_fen,
           abs(d.refund_fen - coalesce(sum(f.amount_fen), 0))::bigint AS at_stake
    FROM aftersale_case c JOIN sale_return d ON d.store_id = c.store_id AND d.id = c.return_id
    LEFT JOIN refund f ON f.store_id = d.store_id AND f.return_id = d.id AND f.state = 'done'
    WHERE c.state = 'done' GROUP BY 2, 3, 4, 5 HAVING d.refund_fen <> coalesce(sum(f.amount_fen), 0)
    ORDER BY 2, 4 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every case that its documents, its order or the stock contradict; `at_stake` in units or fen."""
    return [dict(row) for proof in (_CASE, _ASKED, _GOODS, _ARRIVED) for row in session.execute(proof).mappings()]
