"""Whose orders are whose, after two members turned out to be one person, or two after all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import merging
from member.merge_history import Order

_TAKE_OVER = text("""
    WITH mine AS (SELECT store_id, id FROM sale_order WHERE member_id = :source ORDER BY store_id, id FOR NO KEY UPDATE)
    UPDATE sale_order o SET member_id = :into FROM mine WHERE o.store_id = mine.store_id AND o.id = mine.id
    RETURNING o.store_id, o.id""")
_GIVE_BACK = text("""
    WITH mine AS (
        SELECT o.store_id, o.id FROM sale_order o
        JOIN unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS k(store_id, id) USING (store_id, id)
        WHERE o.member_id = :into ORDER BY 1, 2 FOR NO KEY UPDATE OF o)
    UPDATE sale_order o SET member_id = :source FROM mine WHERE o.store_id = mine.store_id AND o.id = mine.id""")


def take_over(session: Session, source_id: int, into_id: int) -> list[Order]:
    """Give every order of one member to the one who stays; returns their keys.  A repeat moves none.

    Belongs into the transaction of the merge, before the ledger moves: a payment locks its order first and points
    second.  The merge's own journal row tells of it.
    """
    return [(row.store_id, row.id) for row in fetch(session, _TAKE_OVER, {"source": source_id, "into": into_id})]


def merge(session: Session, source_id: int, into_id: int, *, actor: str, now: datetime) -> int | None:
    """Make one member of two with all their orders; returns the merge's id, or None when it was done before."""
    orders = take_over(session, source_id, into_id)
    return merging.merge(session, source_id, into_id, orders=orders, actor=actor, now=now)


def unmerge(session: Session, merge_id: int, *, actor: str, now: datetime) -> bool:
    """Make two members of one again; False when that was done before.

    What the source held, was known by and had ordered before the merge goes back; what came since stays.

    :raises MergeTooLate, MergeSuperseded, MergeInDebt, MergeSpentAcross: nothing changes.
    """
    merged = merging.to_undo(session, merge_id, now=now)
    if merged is None:
        return False
    keys = {"stores": [store for store, _ in merged.orders], "orders": [order for _, order in merged.orders]}
    fetch(session, _GIVE_BACK, {**keys, "source": merged.source_id, "into": merged.into_id})
    merging.undo(session, merged, actor=actor, now=now)
    return True
