"""The proof that every top-up's money is in its member's wallet, and nobody else's is.

    state       paid tender        lots opened (principal and bonus)
    placed      none               none
    paid        principal_fen      what it brings
    cancelled   none, or repaid    none

A lot of stored value that no top-up of its member explains, nor goods they brought without a receipt, is money from
nowhere.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_TOP_UPS = text("""
    WITH paid AS (SELECT store_id, top_up_id, sum(amount_fen)::bigint AS fen FROM tender
                  WHERE state = 'paid' AND top_up_id IS NOT NULL GROUP BY 1, 2),
    opened AS (SELECT source, coalesce(sum(initial) FILTER (WHERE account = 'stored_bonus'), 0)::bigint AS bonus,
                      coalesce(sum(initial) FILTER (WHERE account = 'stored_principal'), 0)::bigint AS principal
               FROM lot WHERE account LIKE 'stored%' GROUP BY 1),
    compared AS (
        SELECT t.store_id, t.id AS top_up_id, t.state, t.principal_fen, t.bonus_fen, coalesce(paid.fen, 0) AS paid_fen,
               coalesce(opened.principal, 0) AS lot_principal_fen, coalesce(opened.bonus, 0) AS lot_bonus_fen,
               CASE t.state WHEN 'paid' THEN t.principal_fen ELSE 0 END AS must_principal_fen,
               CASE t.state WHEN 'paid' THEN t.bonus_fen ELSE 0 END AS must_bonus_fen
        FROM top_up t LEFT JOIN paid ON paid.store_id = t.store_id AND paid.top_up_id = t.id
        LEFT JOIN opened ON opened.source = 'top_up:' || t.store_id || ':' || t.id)
    SELECT 'top_up' AS fault, *, greatest(abs(lot_principal_fen - must_principal_fen),
           abs(lot_bonus_fen - must_bonus_fen),
           CASE WHEN state <> 'cancelled' THEN abs(paid_fen - must_principal_fen) ELSE 0 END) AS at_stake
    FROM compared
    WHERE lot_principal_fen <> must_principal_fen OR lot_bonus_fen <> must_bonus_fen
       OR (state <> 'cancelled' AND paid_fen <> must_principal_fen)
    ORDER BY 2, 3 LIMIT 1000""")

_STRAY = text("""
    SELECT 'stray' AS fault, lot.member_id, lot.account, lot.source, lot.id AS lot_id, lot.remaining AS at_stake
    FROM lot WHERE lot.account LIKE 'stored%' AND NOT EXISTS (
        SELECT FROM top_up t WHERE 'top_up:' || t.store_id || ':' || t.id = lot.source
          AND t.member_id IN (lot.member_id, lot.origin_member_id))
      AND NOT EXISTS (SELECT FROM blind_return b WHERE 'blind:' || b.store_id || ':' || b.id = lot.source
          AND b.member_id IN (lot.member_id, lot.origin_member_id))
    ORDER BY 2, 5 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every top-up and stored lot without its counterpart; `at_stake` in fen."""
    return [dict(row) for proof in (_TOP_UPS, _STRAY) for row in session.execute(proof).mappings()]
