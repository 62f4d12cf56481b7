"""Stored value as a tender: taken at once, and given back at once, by `member/wallet.py`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_TAKE = text(
    "INSERT INTO tender (store_id, order_id, kind, state, amount_fen, received_fen, change_fen, created_at, paid_at,"
    " asked) VALUES (:store, :order, 'wallet', 'paid', :amount, 0, 0, :now, :now, 0)"
)


def take(session: Session, store_id: int, order_id: int, amount_fen: int, *, now: datetime) -> None:
    """Note that stored value paid `amount_fen` of an order.  Its member's ledger moves by `trade/orders/value.py`."""
    fetch(session, _TAKE, {"store": store_id, "order": order_id, "amount": amount_fen, "now": now})
