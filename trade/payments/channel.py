"""Money that a sales channel took for us: paid when its order comes, given back by the channel at our word.

Until the channel pays it out it is a receivable (`trade/orders/intake/receivable.py`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_TAKE = text(
    "INSERT INTO tender (store_id, order_id, kind, state, amount_fen, received_fen, change_fen, transaction_id,"
    " created_at, paid_at, asked) VALUES (:store, :order, 'channel', 'paid', :amount, 0, 0, :no, :now, :now, 0)"
)


def take(session: Session, store_id: int, order_id: int, amount_fen: int, external_no: str, *, now: datetime) -> None:
    """Note that the channel was paid `amount_fen` for an order it calls `external_no`."""
    given = {"store": store_id, "order": order_id, "amount": amount_fen, "no": external_no, "now": now}
    fetch(session, _TAKE, given)
