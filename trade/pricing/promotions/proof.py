"""The proof that every count of a promotion is the sum of the uses behind it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PROOF = text("""
    WITH summed AS (
        SELECT u.promotion_id, s.scope, CASE s.scope WHEN 'member' THEN u.member_id WHEN 'day' THEN u.day
                   WHEN 'store' THEN u.store_id ELSE 0 END AS key,
               sum(u.units - u.back_units)::bigint AS units, sum(u.off_fen - u.back_fen)::bigint AS fen
        FROM promotion_use u CROSS JOIN LATERAL unnest(u.scopes) AS s(scope) GROUP BY 1, 2, 3)
    SELECT 'count' AS fault, promotion_id, scope, key, coalesce(c.units, 0) AS units, coalesce(c.fen, 0) AS fen,
           coalesce(summed.units, 0) AS used_units, coalesce(summed.fen, 0) AS used_fen,
           greatest(abs(coalesce(c.units, 0) - coalesce(summed.units, 0)),
                    abs(coalesce(c.fen, 0) - coalesce(summed.fen, 0))) AS at_stake
    FROM promotion_count c FULL JOIN summed USING (promotion_id, scope, key)
    WHERE (coalesce(c.units, 0), coalesce(c.fen, 0)) <> (coalesce(summed.units, 0), coalesce(summed.fen, 0))
    ORDER BY 2, 3, 4 LIMIT 1000""")
_STRAY = text("""
    SELECT 'version' AS fault, u.promotion_id, u.version, u.store_id, u.order_id, u.off_fen AS at_stake
    FROM promotion_use u LEFT JOIN promotion_version v ON v.promotion_id = u.promotion_id AND v.version = u.version
    WHERE v.version IS NULL ORDER BY 2, 4, 5 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Counts that are not the sum of their uses, and uses of versions that were never published."""
    return [dict(row) for proof in (_PROOF, _STRAY) for row in session.execute(proof).mappings()]
