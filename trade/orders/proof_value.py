"""The proof that an order and what its member holds tell one story: points and both buckets of stored value.

    state of the order        taken (hold or spend)  given back              earned, less what was taken back
    mall, not paid yet        what it uses, held     0                       0
    mall, cancelled unpaid    what it uses           all, by release         0
    paid to ready             what it uses, posted   0                       earns_points
    cancelled after payment   what it uses, posted   all                     0
    revived (any of these)    what it uses, twice    that once more          as above: held, released, then spent
    done (and any till sale)  what it uses, spent    what its returns gave   earns_points less what returns clawed

An order without a member has no entry at all, and every entry of an order is its member's own.  What stored value
paid is also one tender, the sum of the lines' shares, and what its returns gave back there; what the spending store is
owed for it is what is still spent.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_STORY = text("""
    WITH told AS (
        SELECT source, account, min(member_id) AS member_id, count(DISTINCT member_id) AS members,
               coalesce(-sum(quantity) FILTER (WHERE event IN ('hold', 'spend')), 0)::bigint AS taken,
               bool_or(event IN ('post', 'spend')) AS settled,
               coalesce(sum(quantity) FILTER (WHERE event = 'release'), 0)::bigint AS released,
               coalesce(sum(quantity) FILTER (WHERE event = 'reinstate'), 0)::bigint AS reinstated,
               coalesce(sum(quantity + pending) FILTER (WHERE event IN ('earn', 'confirm', 'void', 'claw')), 0)::bigint
                   AS earned
        FROM lot_entry WHERE account IN ('points', 'stored_principal', 'stored_bonus') AND source LIKE 'order:%'
        GROUP BY source, account),
    returned AS (SELECT store_id, order_id, sum(points_back)::bigint AS points, sum(points_clawed)::bigint AS clawed,
                        sum(principal_back_fen)::bigint AS principal, sum(bonus_back_fen)::bigint AS bonus
                 FROM sale_return GROUP BY 1, 2),
    asked AS (
        SELECT o.store_id, o.id AS order_id, o.state, o.member_id, o.paid_at, o.revived_at, a.account, a.used,
               coalesce(a.back, 0) AS back, a.earns
        FROM sale_order o LEFT JOIN returned r ON r.store_id = o.store_id AND r.order_id = o.id
        CROSS JOIN LATERAL (VALUES
            ('points', o.points_used, r.points, o.earns_points - coalesce(r.clawed, 0)),
            ('stored_principal', o.wallet_principal_fen, r.principal, 0),
            ('stored_bonus', o.wallet_bonus_fen, r.bonus, 0)) AS a(account, used, back, earns)
        WHERE o.member_id IS NOT NULL),
    story AS (
        SELECT asked.store_id, asked.order_id, asked.state, asked.account, asked.member_id,
               told.member_id AS entries_of, coalesce(told.members, 0) AS members, coalesce(told.taken, 0) AS taken,
               coalesce(told.settled, false) AS settled, coalesce(told.released, 0) AS released,
               coalesce(told.reinstated, 0) AS reinstated, coalesce(told.earned, 0) AS earned,
               used * CASE WHEN revived_at IS NULL THEN 1 ELSE 2 END AS must_take,
               used > 0 AND paid_at IS NOT NULL AS must_settle,
               CASE WHEN revived_at IS NOT NULL OR (state = 'cancelled' AND paid_at IS NULL) THEN used
                    ELSE 0 END AS must_release,
               CASE WHEN state = 'cancelled' AND paid_at IS NOT NULL THEN used ELSE back END AS must_reinstate,
               CASE WHEN paid_at IS NULL OR state = 'cancelled' THEN 0 ELSE earns END AS must_earn
        FROM asked LEFT JOIN told ON told.source = 'order:' || asked.order_id AND told.account = asked.account)
    SELECT 'story' AS fault, story.*, abs(taken - must_take) + abs(released - must_release)
           + abs(reinstated - must_reinstate) + abs(earned - must_earn)
           + CASE WHEN settled <> must_settle THEN taken ELSE 0 END AS at_stake
    FROM story
    WHERE taken <> must_take OR settled <> must_settle OR released <> must_release OR reinstated <> must_reinstate
       OR earned <> must_earn OR members > 1 OR entries_of <> member_id
    ORDER BY 2, 3, 5 LIMIT 1000""")

_STRAY = text("""
    SELECT 'stray' AS fault, e.member_id, e.account, e.source, sum(e.quantity)::bigint AS quantity,
           abs(sum(e.quantity + e.pending))::bigint AS at_stake
    FROM lot_entry e WHERE e.source LIKE 'order:%'
      AND NOT EXISTS (SELECT FROM sale_order o WHERE 'order:' || o.id = e.source AND o.member_id IS NOT NULL)
    GROUP BY 2, 3, 4 ORDER BY 2, 3, 4 LIMIT 1000""")

_STORED = text("""
    WITH tenders AS (SELECT store_id, order_id, sum(amount_fen)::bigint AS fen FROM tender
                     WHERE kind = 'wallet' AND state = 'paid' GROUP BY 1, 2),
    shares AS (SELECT store_id, order_id, sum(principal_fen)::bigint AS principal, sum(bonus_fen)::bigint AS bonus
               FROM wallet_share GROUP BY 1, 2),
    refunds AS (SELECT store_id, return_id, sum(amount_fen)::bigint AS fen FROM refund
                WHERE kind = 'wallet' AND state <> 'closed' AND return_id IS NOT NULL GROUP BY 1, 2),
    backs AS (SELECT r.store_id, r.order_id, sum(r.principal_back_fen + r.bonus_back_fen)::bigint AS back,
                     coalesce(sum(refunds.fen), 0)::bigint AS refunded
              FROM sale_return r LEFT JOIN refunds ON refunds.store_id = r.store_id AND refunds.return_id = r.id
              GROUP BY 1, 2),
    due AS (SELECT source, sum(used_fen)::bigint AS fen FROM wallet_due WHERE source LIKE 'order:%' GROUP BY 1),
    compared AS (
        SELECT o.store_id, o.id AS order_id, o.state, o.wallet_principal_fen + o.wallet_bonus_fen AS used_fen,
               CASE WHEN o.paid_at IS NULL THEN 0 ELSE o.wallet_principal_fen + o.wallet_bonus_fen END AS must_fen,
               coalesce(tenders.fen, 0) AS tender_fen, coalesce(shares.principal + shares.bonus, 0) AS shares_fen,
               coalesce(shares.principal, 0) <> o.wallet_principal_fen AS split_differs,
               coalesce(backs.back, 0) AS back_fen, coalesce(backs.refunded, 0) AS refunded_fen,
               coalesce(due.fen, 0) AS due_fen,
               CASE WHEN o.paid_at IS NULL OR o.state = 'cancelled' THEN 0
                    ELSE o.wallet_principal_fen + o.wallet_bonus_fen - coalesce(backs.back, 0) END AS must_due_fen
        FROM sale_order o
        LEFT JOIN tenders ON tenders.store_id = o.store_id AND tenders.order_id = o.id
        LEFT JOIN shares ON shares.store_id = o.store_id AND shares.order_id = o.id
        LEFT JOIN backs ON backs.store_id = o.store_id AND backs.order_id = o.id
        LEFT JOIN due ON due.source = 'order:' || o.id)
    SELECT 'stored' AS fault, *, greatest(abs(tender_fen - must_fen), abs(shares_fen - used_fen),
           abs(back_fen - refunded_fen), abs(due_fen - must_due_fen)) AS at_stake
    FROM compared
    WHERE tender_fen <> must_fen OR shares_fen <> used_fen OR split_differs OR back_fen <> refunded_fen
       OR due_fen <> must_due_fen
    ORDER BY 2, 3 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every order whose entries are not what its state and returns ask for; `at_stake` in points or fen."""
    return [dict(row) for proof in (_STORY, _STRAY, _STORED) for row in session.execute(proof).mappings()]
