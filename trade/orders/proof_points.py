"""The proof that an order and its member's points tell one story, state by state.

    state of the order        taken (hold or spend)  given back              earned, less what was taken back
    mall, not paid yet        points_used, held      0                       0
    mall, cancelled unpaid    points_used            all, by release         0
    paid to ready             points_used, posted    0                       earns_points
    cancelled after payment   points_used, posted    all                     0
    done (and any till sale)  points_used, spent     points_back of returns  earns_points less what returns clawed

An order without a member has no entry at all, and every entry of an order is its member's own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_PROOF = text("""
    WITH told AS (
        SELECT source, min(member_id) AS member_id, count(DISTINCT member_id) AS members,
               coalesce(-sum(quantity) FILTER (WHERE event IN ('hold', 'spend')), 0)::bigint AS taken,
               bool_or(event IN ('post', 'spend')) AS settled,
               coalesce(sum(quantity) FILTER (WHERE event = 'release'), 0)::bigint AS released,
               coalesce(sum(quantity) FILTER (WHERE event = 'reinstate'), 0)::bigint AS reinstated,
               coalesce(sum(quantity + pending) FILTER (WHERE event IN ('earn', 'confirm', 'void', 'claw')), 0)::bigint
                   AS earned
        FROM lot_entry WHERE account = 'points' AND source LIKE 'order:%' GROUP BY source),
    returned AS (SELECT store_id, order_id, sum(points_back)::bigint AS back, sum(points_clawed)::bigint AS clawed
                 FROM sale_return GROUP BY 1, 2),
    story AS (
        SELECT o.store_id, o.id AS order_id, o.state, o.member_id, told.member_id AS entries_of,
               coalesce(told.members, 0) AS members, coalesce(told.taken, 0) AS taken,
               coalesce(told.settled, false) AS settled, coalesce(told.released, 0) AS released,
               coalesce(told.reinstated, 0) AS reinstated, coalesce(told.earned, 0) AS earned,
               CASE WHEN o.member_id IS NULL THEN 0 ELSE o.points_used END AS must_take,
               o.member_id IS NOT NULL AND o.points_used > 0 AND o.paid_at IS NOT NULL AS must_settle,
               CASE WHEN o.member_id IS NOT NULL AND o.state = 'cancelled' AND o.paid_at IS NULL
                    THEN o.points_used ELSE 0 END AS must_release,
               CASE WHEN o.member_id IS NULL THEN 0 WHEN o.state = 'cancelled' AND o.paid_at IS NOT NULL
                    THEN o.points_used ELSE coalesce(r.back, 0) END AS must_reinstate,
               CASE WHEN o.member_id IS NULL OR o.paid_at IS NULL OR o.state = 'cancelled' THEN 0
                    ELSE o.earns_points - coalesce(r.clawed, 0) END AS must_earn
        FROM sale_order o LEFT JOIN told ON told.source = 'order:' || o.id
        LEFT JOIN returned r ON r.store_id = o.store_id AND r.order_id = o.id)
    SELECT 'story' AS fault, story.*, abs(taken - must_take) + abs(released - must_release)
           + abs(reinstated - must_reinstate) + abs(earned - must_earn)
           + CASE WHEN settled <> must_settle THEN taken ELSE 0 END AS at_stake
    FROM story
    WHERE taken <> must_take OR settled <> must_settle OR released <> must_release OR reinstated <> must_reinstate
       OR earned <> must_earn OR members > 1 OR (entries_of IS NOT NULL AND entries_of IS DISTINCT FROM member_id)
    ORDER BY 2, 3 LIMIT 1000""")

_STRAY = text("""
    SELECT 'stray' AS fault, e.member_id, e.source, sum(e.quantity)::bigint AS quantity,
           abs(sum(e.quantity + e.pending))::bigint AS at_stake
    FROM lot_entry e WHERE e.account = 'points' AND e.source LIKE 'order:%'
      AND NOT EXISTS (SELECT FROM sale_order o WHERE 'order:' || o.id = e.source)
    GROUP BY 2, 3 ORDER BY 2, 3 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order whose points entries are not what its state and its returns ask for; `at_stake` in points."""
    return [dict(row) for proof in (_PROOF, _STRAY) for row in session.execute(proof).mappings()]
