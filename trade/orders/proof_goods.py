"""The proof that an order and the stock of its stores tell one story, sku by sku.

    state of the order     promised (stock_hold)   left the shop (stock_movement)
    placed, paid           what its lines say      nothing
    confirmed              the rest, but for       what its parcels handed over
                           parcels that stand in no store
    done                   nothing                 what its lines say, once
    cancelled              nothing                 nothing

Promised and left count in all stores together: an order's goods may stand in another store than the order's.  Units
that were given up count in neither; of a line whose goods were substituted, what was given instead counts.  What a
parcel of an after-sales case asks is promised besides, until it is handed over.  An order that lost goods to a fact
holds less: before it is paid, until it is routed anew (`order.promise_broken` is open), and while the desk has it
(`stock_broken`).  What a till keeps while its customer pays is no order's yet.  A return of goods brings into the
receiving store exactly the units of its lines, any other return none.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_ORDERS = text("""
    WITH given_up AS (
        SELECT r.store_id, r.order_id, r.line_no, sum(r.qty)::bigint AS qty FROM sale_return d
        JOIN return_line r ON r.store_id = d.store_id AND r.return_id = d.id
        WHERE d.kind = 'unshipped' GROUP BY 1, 2, 3),
    asked AS (SELECT l.order_id, coalesce(kit.component_sku_id, l.given_sku_id, l.sku_id) AS sku_id,
                     sum((l.qty - coalesce(given_up.qty, 0)) * coalesce(kit.qty, 1))::bigint AS qty
              FROM order_line l LEFT JOIN given_up USING (store_id, order_id, line_no)
              LEFT JOIN kit ON kit.sku_id = coalesce(l.given_sku_id, l.sku_id) GROUP BY 1, 2),
    handed AS (SELECT p.order_id, coalesce(kit.component_sku_id, p.sku_id) AS sku_id,
                      sum(p.handed_qty * coalesce(kit.qty, 1))::bigint AS qty
               FROM parcel_line p LEFT JOIN kit ON kit.sku_id = p.sku_id GROUP BY 1, 2),
    adrift AS (SELECT l.order_id, coalesce(kit.component_sku_id, l.sku_id) AS sku_id,
                      sum((l.qty - l.short_qty) * coalesce(kit.qty, 1))::bigint AS qty
               FROM parcel p JOIN parcel_line l ON l.store_id = p.store_id AND l.parcel_id = p.id
               LEFT JOIN kit ON kit.sku_id = l.sku_id
               WHERE p.at_store_id IS NULL AND p.closed_at IS NULL GROUP BY 1, 2),
    extra AS (SELECT p.order_id, coalesce(kit.component_sku_id, p.sku_id) AS sku_id,
                     sum(CASE WHEN parcel.closed_at IS NULL THEN p.qty - p.short_qty ELSE p.handed_qty END
                         * coalesce(kit.qty, 1))::bigint AS asked,
                     sum(p.handed_qty * coalesce(kit.qty, 1))::bigint AS handed
              FROM parcel_line p JOIN parcel ON parcel.store_id = p.store_id AND parcel.id = p.parcel_id
              LEFT JOIN kit ON kit.sku_id = p.sku_id WHERE parcel.case_id IS NOT NULL GROUP BY 1, 2),
    left_shop AS (SELECT split_part(key, ':', 2)::bigint AS order_id, sku_id, -sum(qty)::bigint AS qty
                  FROM stock_movement WHERE key LIKE 'order:%' GROUP BY 1, 2),
    promised AS (SELECT order_id, sku_id, sum(qty)::bigint AS qty FROM stock_hold h
                 WHERE NOT EXISTS (SELECT FROM till_reservation r WHERE r.id = h.order_id AND r.ended_at IS NULL)
                 GROUP BY 1, 2),
    compared AS (
        SELECT order_id, sku_id, coalesce(asked.qty, 0) AS asked, coalesce(promised.qty, 0) AS held,
               coalesce(left_shop.qty, 0) AS gone, coalesce(handed.qty, 0) AS handed,
               coalesce(adrift.qty, 0) AS adrift,
               coalesce(extra.asked, 0) AS extra, coalesce(extra.handed, 0) AS extra_handed
        FROM asked FULL JOIN left_shop USING (order_id, sku_id) FULL JOIN promised USING (order_id, sku_id)
        LEFT JOIN handed USING (order_id, sku_id) LEFT JOIN adrift USING (order_id, sku_id)
        LEFT JOIN extra USING (order_id, sku_id)),
    story AS (
        SELECT c.*, o.store_id, o.state,
               CASE o.state WHEN 'done' THEN c.asked + c.extra_handed WHEN 'confirmed' THEN c.handed ELSE 0 END
                   AS must_go,
               CASE WHEN o.state <> 'cancelled' THEN c.asked + c.extra - c.adrift ELSE 0 END AS must_ask
        FROM compared c LEFT JOIN sale_order o ON o.id = c.order_id)
    SELECT 'order' AS fault, store_id, order_id, sku_id, state, asked, held, gone, handed,
           abs(held - greatest(must_ask - must_go, 0)) + abs(gone - must_go) AS at_stake
    FROM story
    WHERE (state IS NULL OR held <> greatest(must_ask - must_go, 0) OR gone <> must_go)
      AND NOT (state IS NOT NULL AND held < greatest(must_ask - must_go, 0) AND gone = must_go AND EXISTS (
          SELECT FROM journal j WHERE j.subject = 'order:' || order_id AND j.kind = 'order.promise_broken'
            AND (state IN ('placed', 'paid') OR j.done_at IS NULL OR EXISTS (SELECT FROM exception_case x
                 WHERE x.kind = 'stock_broken' AND x.order_id = story.order_id AND x.resolved_at IS NULL))))
    ORDER BY 2, 3, 4 LIMIT 1000""")

_RETURNS = text("""
    WITH back AS (
        SELECT r.at_store_id AS store_id, r.id AS return_id,
               coalesce(kit.component_sku_id, l.given_sku_id, l.sku_id) AS sku_id,
               sum(rl.qty * coalesce(kit.qty, 1))::bigint AS qty
        FROM sale_return r JOIN return_line rl ON rl.store_id = r.store_id AND rl.return_id = r.id
        JOIN order_line l ON l.store_id = rl.store_id AND l.order_id = rl.order_id AND l.line_no = rl.line_no
        LEFT JOIN kit ON kit.sku_id = coalesce(l.given_sku_id, l.sku_id)
        WHERE r.kind = 'goods' GROUP BY 1, 2, 3),
    came AS (SELECT store_id, split_part(key, ':', 2)::bigint AS return_id, sku_id, sum(qty)::bigint AS qty
             FROM stock_movement WHERE key LIKE 'return:%' GROUP BY 1, 2, 3)
    SELECT 'return' AS fault, store_id, return_id, sku_id, coalesce(back.qty, 0) AS returned,
           coalesce(came.qty, 0) AS came_in, abs(coalesce(back.qty, 0) - coalesce(came.qty, 0)) AS at_stake
    FROM back FULL JOIN came USING (store_id, return_id, sku_id)
    WHERE coalesce(back.qty, 0) <> coalesce(came.qty, 0)
    ORDER BY 2, 3, 4 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order and return whose goods are not where its state says; `at_stake` in sale units."""
    return [dict(row) for proof in (_ORDERS, _RETURNS) for row in session.execute(proof).mappings()]
