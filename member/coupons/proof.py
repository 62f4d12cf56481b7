"""The proof of coupons as far as the member's room knows: counts, history and states agree."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.coupons.states import BIRTHS, MOVES

_LEADS = ", ".join(f"('{event}', '{target}')" for event, (_, target) in MOVES.items())
_BORN = ", ".join(f"('{event}', 'issued')" for event in BIRTHS)
_PROOF = text(f"""
    WITH leads(event, state) AS (VALUES {_BORN}, {_LEADS}),
    claimed AS (SELECT template_id, count(*) FILTER (WHERE code_hash IS NULL) AS n FROM coupon
        WHERE reissue_of_id IS NULL GROUP BY 1),
    codes AS (SELECT template_id, count(*) AS n FROM coupon_code GROUP BY 1)
    SELECT 'remaining' AS fault, t.id AS template_id, NULL::bigint AS coupon_id, NULL AS state,
        abs(t.remaining - t.issue_limit + coalesce(claimed.n, 0) + coalesce(codes.n, 0)) AS at_stake
    FROM coupon_template t LEFT JOIN claimed ON claimed.template_id = t.id LEFT JOIN codes ON codes.template_id = t.id
    WHERE t.remaining <> t.issue_limit - coalesce(claimed.n, 0) - coalesce(codes.n, 0)
    UNION ALL
    SELECT 'history', c.template_id, c.id, c.state, 0 FROM coupon c
    LEFT JOIN LATERAL (SELECT event FROM coupon_event e WHERE e.coupon_id = c.id
        ORDER BY e.id DESC LIMIT 1) last ON true
    LEFT JOIN leads ON leads.event = last.event
    WHERE leads.state IS DISTINCT FROM c.state
    UNION ALL
    SELECT 'made_good', c.template_id, c.id, c.state, 0 FROM coupon c
    WHERE c.state IN ('returned', 'transferred')
      AND (SELECT count(*) FROM coupon again
           WHERE again.template_id = c.template_id AND again.reissue_of_id = c.id) <> 1
    UNION ALL
    SELECT 'code', c.template_id, c.id, c.state, 0 FROM coupon c JOIN coupon_code k ON k.code_hash = c.code_hash
    WHERE k.claimed_at IS NULL
    ORDER BY 1, 2, 3 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Offers whose count is not what was claimed, and coupons that stand where their history does not lead; empty
    is the proof.  Whether locks and uses agree with orders `trade/orders/coupon_proof.py` says.
    """
    return [row._asdict() for row in fetch(session, _PROOF, {})]
