"""What orders mean for their members, read after the answer: for growth, activity and segments."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_PAID = text("""
    SELECT o.store_id, o.id, o.member_id, o.channel, o.state, o.paid_at, o.payable_fen AS basis_fen,
           coalesce((SELECT sum(r.refund_fen) FROM sale_return r WHERE r.store_id = o.store_id AND r.order_id = o.id),
                    0)::bigint AS refunded_fen
    FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS asked(store_id, id)
    JOIN sale_order o ON o.store_id = asked.store_id AND o.id = asked.id
    WHERE o.member_id IS NOT NULL AND o.paid_at IS NOT NULL
    ORDER BY o.member_id, o.id""")


def paid(session: Session, keys: Collection[tuple[int, int]]) -> list[Any]:
    """Where orders of members that were ever paid stand now, by (store, id); one statement.

    `basis_fen` is the points basis; an order cancelled after payment counts as wholly refunded.
    """
    found = sorted(set(keys))
    return fetch(session, _PAID, {"stores": [store for store, _ in found], "orders": [order for _, order in found]})
