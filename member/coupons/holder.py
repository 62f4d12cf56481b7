"""Whose coupons are whose, after two members turned out to be one person, or two after all.

A merge writes down which coupons moved, so that a chain of merges comes apart in the order it was made: what a member
brought goes back with them, whoever had it first.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_HAND_OVER = text("""
    WITH asked AS (SELECT id, template_id, reissue_of_id FROM coupon
        WHERE member_id = :source AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(CAST(:ids AS bigint[])))),
    counted AS (INSERT INTO coupon_claim AS own (template_id, member_id, claimed, last_seq)
        SELECT template_id, :into, count(*) FILTER (WHERE reissue_of_id IS NULL), count(*) FROM asked
        GROUP BY template_id ORDER BY template_id
        ON CONFLICT (template_id, member_id) DO UPDATE
        SET claimed = own.claimed + excluded.claimed, last_seq = own.last_seq + excluded.last_seq
        RETURNING template_id, last_seq),
    numbered AS (SELECT id, counted.last_seq + 1 - row_number() OVER (PARTITION BY template_id ORDER BY id DESC) AS seq
        FROM asked JOIN counted USING (template_id))
    UPDATE coupon SET member_id = :into, seq = numbered.seq FROM numbered
    WHERE coupon.member_id = :source AND coupon.id = numbered.id RETURNING coupon.id""")
_EVENTS = text("UPDATE coupon_event SET member_id = :into WHERE member_id = :source AND coupon_id = ANY(:moved)")
_COUNT_LEFT = text("""
    UPDATE coupon_claim own SET claimed = (SELECT count(*) FROM coupon c WHERE c.member_id = :source
        AND c.template_id = own.template_id AND c.reissue_of_id IS NULL) WHERE own.member_id = :source""")


def hand_over(session: Session, source_id: int, into_id: int, *, ids: Sequence[int] | None = None) -> list[int]:
    """Give a member's coupons, or those of `ids`, to another; returns the ids of those that moved.

    Belongs into the transaction of the merge, after the orders.  Claims count with the one who stays; a coupon keeps
    its id, so what orders stored stays true.
    """
    both = {"source": source_id, "into": into_id}
    moved = sorted(row.id for row in fetch(session, _HAND_OVER, {**both, "ids": ids}))
    fetch(session, _EVENTS, {**both, "moved": moved})
    fetch(session, _COUNT_LEFT, both)
    return moved


_BROUGHT = text("""
    WITH RECURSIVE theirs AS (
        SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS k(store, id)),
    brought AS (
        SELECT id FROM coupon WHERE member_id = :member
          AND (id = ANY(:ids) OR (given_by_store_id, given_by_order_id) IN (SELECT store, id FROM theirs))
        UNION SELECT c.id FROM coupon c JOIN brought ON c.reissue_of_id = brought.id WHERE c.member_id = :member)
    SELECT id FROM coupon WHERE member_id = :member AND id IN (SELECT id FROM brought)
      AND (order_id IS NULL OR (store_id, order_id) IN (SELECT store, id FROM theirs))
    ORDER BY id FOR NO KEY UPDATE""")


def brought(session: Session, member_id: int, ids: Sequence[int], orders: Sequence[tuple[int, int]]) -> list[int]:
    """Of what a member holds, the coupons that came with one merged into them; locked.

    :param ids: those that moved at the merge; what was issued again for one of them, and what one of `orders` (store,
        order: the merged member's own) brought since, is theirs as well.  One that an order of the other has locked
        or used stays with that order, whose end must find it.
    """
    stores, numbers = [store for store, _ in orders], [order for _, order in orders]
    given = {"member": member_id, "ids": list(ids), "stores": stores, "orders": numbers}
    return [row.id for row in fetch(session, _BROUGHT, given)]
