"""The proof that money back agrees with goods back and with the order's state.

    document   a return's refund (with what was kept out of it for points, used coupons, promotions, gifts, and its
               part of the cash rounding, and beside its freight) and points are the sums of its lines, its refund is
               what its refunds pay out, each fen kept for coupons names its coupon, and stored value that came back
               (with what was kept out of it) is the sum of its lines
    kept       what an order's returns kept back for promotions and gifts is 0 once all came back, for gifts no more
               than those that stayed are worth, and no more gave back than was paid nor kept back than came back
    rounding   of cash that was rounded every part but the last gives back what it cost, at most what was taken
    formula    of a line paid p for q units, after k came back floor(p x k / q) went back in all, and above it what its
               amounts still weigh, all of p with the last unit (`line_refunds.py`); points likewise
    freight    no more of it went back than was paid
    tender     no tender gives back more than it took
    state      an order that was cancelled gave everything back; any other gave back only what its returns say

A refund that WeChat closed does not count: it was asked again under another number.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from trade.orders.line_refunds import share_back_sql

_DOCUMENT = text("""
    SELECT 'document' AS fault, r.store_id, r.order_id, r.id AS return_id, r.refund_fen, r.deducted_fen,
           r.coupons_withheld_fen, coalesce(kept.fen, 0) AS kept_fen, r.promotions_withheld_fen, r.gifts_withheld_fen,
           r.rounding_fen,
           lines.refund_fen AS lines_fen,
           coalesce(paid.fen, 0) AS paid_back_fen, r.points_back, lines.points_back AS lines_points,
           greatest(abs(r.refund_fen + r.deducted_fen + r.coupons_withheld_fen + r.promotions_withheld_fen
                        + r.gifts_withheld_fen - r.rounding_fen - r.freight_fen - coalesce(lines.refund_fen, 0)),
                    abs(r.principal_back_fen + r.withheld_principal_fen - coalesce(lines.principal_fen, 0)),
                    abs(r.bonus_back_fen + r.withheld_bonus_fen - coalesce(lines.bonus_fen, 0)),
                    abs(r.coupons_withheld_fen - coalesce(kept.fen, 0)),
                    abs(r.refund_fen - coalesce(paid.fen, 0)),
                    abs(r.points_back - coalesce(lines.points_back, 0))) AS at_stake
    FROM sale_return r
    LEFT JOIN (SELECT store_id, return_id, sum(refund_fen)::bigint AS refund_fen,
                      sum(points_back)::bigint AS points_back, sum(principal_back_fen)::bigint AS principal_fen,
                      sum(bonus_back_fen)::bigint AS bonus_fen
               FROM return_line GROUP BY 1, 2) lines ON lines.store_id = r.store_id AND lines.return_id = r.id
    LEFT JOIN (SELECT store_id, return_id, sum(amount_fen)::bigint AS fen FROM refund
               WHERE state <> 'closed' AND return_id IS NOT NULL GROUP BY 1, 2) paid
        ON paid.store_id = r.store_id AND paid.return_id = r.id
    LEFT JOIN (SELECT store_id, return_id, sum(withheld_fen)::bigint AS fen FROM return_coupon GROUP BY 1, 2) kept
        ON kept.store_id = r.store_id AND kept.return_id = r.id
    WHERE r.refund_fen + r.deducted_fen + r.coupons_withheld_fen + r.promotions_withheld_fen + r.gifts_withheld_fen
             - r.rounding_fen - r.freight_fen IS DISTINCT FROM lines.refund_fen
       OR r.principal_back_fen + r.withheld_principal_fen <> lines.principal_fen
       OR r.bonus_back_fen + r.withheld_bonus_fen <> lines.bonus_fen
       OR r.coupons_withheld_fen <> coalesce(kept.fen, 0) OR r.refund_fen <> coalesce(paid.fen, 0)
       OR r.points_back IS DISTINCT FROM lines.points_back
    ORDER BY 2, 4 LIMIT 1000""")

_POINTS_BACK = share_back_sql("coalesce(used.points, 0)", "l.net_fen", "l.qty", "back.qty", "back.refund_fen")
_FORMULA = text(f"""
    SELECT 'formula' AS fault, l.store_id, l.order_id, l.line_no, l.qty, back.qty AS returned, back.refund_fen,
           back.amounts_fen, l.net_fen * back.qty / l.qty AS target_fen, back.points, {_POINTS_BACK} AS target_points,
           greatest(abs(back.refund_fen - l.net_fen * back.qty / l.qty), abs(back.points - {_POINTS_BACK})) AS at_stake
    FROM (SELECT store_id, order_id, line_no, sum(qty)::bigint AS qty, sum(refund_fen)::bigint AS refund_fen,
                 coalesce(sum(refund_fen) FILTER (WHERE qty = 0), 0)::bigint AS amounts_fen,
                 sum(points_back)::bigint AS points FROM return_line GROUP BY 1, 2, 3) back
    JOIN order_line l ON l.store_id = back.store_id AND l.order_id = back.order_id AND l.line_no = back.line_no
    LEFT JOIN (SELECT store_id, order_id, line_no, sum(points)::bigint AS points FROM allocation GROUP BY 1, 2, 3) used
        ON used.store_id = l.store_id AND used.order_id = l.order_id AND used.line_no = l.line_no
    WHERE back.qty > l.qty OR back.refund_fen > l.net_fen
       OR back.refund_fen - l.net_fen * back.qty / l.qty NOT BETWEEN 0 AND back.amounts_fen
       OR back.points <> {_POINTS_BACK}
    ORDER BY 2, 3, 4 LIMIT 1000""")

_FREIGHT = text("""
    SELECT 'freight' AS fault, o.store_id, o.id AS order_id, o.freight_fen, sum(r.freight_fen)::bigint AS back_fen,
           (sum(r.freight_fen) - o.freight_fen)::bigint AS at_stake
    FROM sale_return r JOIN sale_order o ON o.store_id = r.store_id AND o.id = r.order_id
    GROUP BY o.store_id, o.id, o.freight_fen HAVING sum(r.freight_fen) > o.freight_fen ORDER BY 2, 3 LIMIT 1000""")

_ROUNDING = text("""
    WITH told AS (SELECT store_id, order_id, sum(rounding_fen)::bigint AS fen, sum(promotions_withheld_fen
                      + gifts_withheld_fen - withheld_principal_fen - withheld_bonus_fen)::bigint AS withheld_fen
                  FROM sale_return GROUP BY 1, 2),
    back AS (SELECT store_id, order_id, sum(refund_fen - principal_back_fen - bonus_back_fen)::bigint
                    - told.withheld_fen AS cost_fen
             FROM return_line JOIN told USING (store_id, order_id) GROUP BY 1, 2, told.withheld_fen),
    due AS (SELECT o.store_id, o.id, o.rounding_fen,
                   o.payable_fen - o.wallet_principal_fen - o.wallet_bonus_fen AS taken FROM sale_order o),
    must AS (SELECT told.store_id, told.order_id, due.rounding_fen, told.fen AS back_fen, CASE
                 WHEN due.rounding_fen = 0 THEN 0
                 WHEN back.cost_fen >= due.taken - due.rounding_fen THEN due.taken - back.cost_fen
                 ELSE least(due.taken, back.cost_fen) - back.cost_fen END AS must_fen
             FROM told JOIN back USING (store_id, order_id)
             JOIN due ON due.store_id = told.store_id AND due.id = told.order_id)
    SELECT 'rounding' AS fault, *, abs(back_fen - must_fen) AS at_stake FROM must WHERE back_fen <> must_fen
    ORDER BY 2, 3 LIMIT 1000""")

_TENDER = text("""
    SELECT 'tender' AS fault, t.store_id, t.order_id, t.id AS tender_id, t.amount_fen, back.fen AS refunded_fen,
           back.fen - t.amount_fen AS at_stake
    FROM (SELECT store_id, tender_id, sum(amount_fen)::bigint AS fen FROM refund WHERE state <> 'closed'
          GROUP BY 1, 2) back
    JOIN tender t ON t.store_id = back.store_id AND t.id = back.tender_id
    WHERE back.fen > t.amount_fen ORDER BY 2, 4 LIMIT 1000""")

_STATE = text("""
    WITH took AS (
        SELECT t.store_id, t.order_id, sum(t.amount_fen)::bigint AS fen, coalesce(sum(back.fen), 0)::bigint AS back_fen
        FROM tender t LEFT JOIN (SELECT store_id, tender_id, sum(amount_fen)::bigint AS fen FROM refund
                                 WHERE state <> 'closed' GROUP BY 1, 2) back
            ON back.store_id = t.store_id AND back.tender_id = t.id
        WHERE t.state = 'paid' AND t.order_id IS NOT NULL GROUP BY 1, 2),
    returned AS (SELECT store_id, order_id, sum(refund_fen)::bigint AS fen FROM sale_return GROUP BY 1, 2),
    expected AS (
        SELECT o.store_id, o.id AS order_id, o.state, coalesce(took.fen, 0) AS taken_fen,
               coalesce(took.back_fen, 0) AS back_fen, coalesce(returned.fen, 0) AS returned_fen,
               CASE WHEN o.state = 'cancelled' THEN coalesce(took.fen, 0) ELSE coalesce(returned.fen, 0) END AS due_fen
        FROM sale_order o LEFT JOIN took ON took.store_id = o.store_id AND took.order_id = o.id
        LEFT JOIN returned ON returned.store_id = o.store_id AND returned.order_id = o.id)
    SELECT 'state' AS fault, *, greatest(abs(back_fen - due_fen), back_fen - taken_fen,
           CASE WHEN state = 'placed' THEN taken_fen ELSE 0 END) AS at_stake
    FROM expected
    WHERE back_fen <> due_fen OR back_fen > taken_fen OR (state = 'placed' AND taken_fen > 0)
    ORDER BY 2, 3 LIMIT 1000""")

_KEPT = text("""
    WITH back AS (SELECT store_id, order_id, line_no, sum(qty)::bigint AS qty, sum(refund_fen)::bigint AS fen
                  FROM return_line GROUP BY 1, 2, 3),
    withheld AS (SELECT store_id, order_id, sum(promotions_withheld_fen)::bigint AS promotions_fen,
                        sum(gifts_withheld_fen)::bigint AS gifts_fen,
                        sum(withheld_principal_fen)::bigint AS principal_fen,
                        sum(withheld_bonus_fen)::bigint AS bonus_fen FROM sale_return GROUP BY 1, 2),
    stands AS (
        SELECT w.*, sum(l.qty - coalesce(back.qty, 0))::bigint AS kept_units,
               sum(l.net_fen - coalesce(back.fen, 0))::bigint AS kept_fen,
               coalesce(sum(back.fen), 0)::bigint AS back_fen,
               sum((l.qty - coalesce(back.qty, 0)) * l.gift_value_fen)::bigint AS gifts_kept_fen
        FROM withheld w JOIN order_line l USING (store_id, order_id) LEFT JOIN back USING (store_id, order_id, line_no)
        GROUP BY 1, 2, 3, 4, 5, 6)
    SELECT 'kept' AS fault, *,
           greatest(abs(promotions_fen), abs(gifts_fen), abs(principal_fen), abs(bonus_fen)) AS at_stake
    FROM stands
    WHERE (kept_units = 0 AND (promotions_fen, gifts_fen, principal_fen, bonus_fen) <> (0, 0, 0, 0))
       OR gifts_fen NOT BETWEEN 0 AND gifts_kept_fen OR promotions_fen + gifts_fen NOT BETWEEN -kept_fen AND back_fen
    ORDER BY 2, 3 LIMIT 1000""")


_PROOFS = (_DOCUMENT, _FORMULA, _FREIGHT, _KEPT, _ROUNDING, _TENDER, _STATE)


def differences(session: Session) -> list[dict[str, Any]]:
    """Every refund, return and order whose money back is not what it must be; `at_stake` in fen (or points)."""
    return [dict(row) for proof in _PROOFS for row in session.execute(proof).mappings()]
