"""Cash that is owed to a customer: paid at a till for goods that another store could not hand over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.payments.refunds.moves import pay_out

__all__ = ["of_order", "pay_out"]

_OF_ORDER = text("""
    SELECT id, amount_fen, reason, created_at FROM refund
    WHERE store_id = :store AND order_id = :order AND kind = 'cash' AND state = 'requested' ORDER BY id""")


def of_order(session: Session, store_id: int, order_id: int) -> list[dict[str, Any]]:
    """What no till has paid out yet, the oldest first; usually nothing."""
    rows = fetch(session, _OF_ORDER, {"store": store_id, "order": order_id})
    return [
        {"id": row.id, "amount_fen": row.amount_fen, "reason": row.reason, "since": row.created_at.isoformat()}
        for row in rows
    ]
