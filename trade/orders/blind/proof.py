"""The proof that each return without a receipt gave what its lines are worth, once, and that its goods came in.

value   its amount is the sum of its lines, each floor(unit x units), and one lot of bonus of its member
goods   what its lines say came into its store, kits as their parts, and nothing else did under its name
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_VALUE = text("""
    WITH lines AS (SELECT store_id, blind_id, sum(amount_fen)::bigint AS fen, bool_and(amount_fen = unit_fen * qty
                       / CASE WHEN sku.weighed THEN 1000 ELSE 1 END) AS exact
                   FROM blind_line l JOIN sku ON sku.id = l.sku_id GROUP BY 1, 2),
    lots AS (SELECT source, sum(initial)::bigint AS fen, min(origin_member_id) AS member_id,
                    bool_and(account = 'stored_bonus') AS bonus FROM lot WHERE source LIKE 'blind:%' GROUP BY 1)
    SELECT 'value' AS fault, b.store_id, b.id AS return_id, b.amount_fen, lines.fen AS lines_fen, lots.fen AS lot_fen,
           greatest(abs(b.amount_fen - coalesce(lines.fen, 0)), abs(b.amount_fen - coalesce(lots.fen, 0))) AS at_stake
    FROM blind_return b LEFT JOIN lines ON lines.store_id = b.store_id AND lines.blind_id = b.id
    LEFT JOIN lots ON lots.source = 'blind:' || b.store_id || ':' || b.id
    WHERE lines.fen IS DISTINCT FROM b.amount_fen OR lots.fen IS DISTINCT FROM b.amount_fen OR NOT lines.exact
       OR NOT lots.bonus
    ORDER BY 2, 3 LIMIT 1000""")
_GOODS = text("""
    WITH said AS (SELECT l.store_id, 'blind:' || l.store_id || ':' || l.blind_id AS key,
                         coalesce(kit.component_sku_id, l.sku_id) AS sku_id,
                         sum(l.qty * coalesce(kit.qty, 1))::bigint AS qty
                  FROM blind_line l LEFT JOIN kit ON kit.sku_id = l.sku_id GROUP BY 1, 2, 3),
    came AS (SELECT store_id, key, sku_id, sum(qty)::bigint AS qty FROM stock_movement WHERE key LIKE 'blind:%'
             GROUP BY 1, 2, 3)
    SELECT 'goods' AS fault, store_id, key AS source, sku_id, coalesce(said.qty, 0) AS said,
           coalesce(came.qty, 0) AS came, abs(coalesce(said.qty, 0) - coalesce(came.qty, 0)) AS at_stake
    FROM said FULL JOIN came USING (store_id, key, sku_id) WHERE said.qty IS DISTINCT FROM came.qty
    ORDER BY 2, 3, 4 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every return without a receipt whose value or goods are not what it says; `at_stake` in fen or units."""
    return [dict(row) for proof in (_VALUE, _GOODS) for row in session.execute(proof).mappings()]
