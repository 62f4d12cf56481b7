"""Cash: taken and given back at once, counted with the shift."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused


class TenderShort(Refused):
    """Less cash was handed over than is due; `missing_fen` says how much."""

    code = "tender_short"


def change(payable_fen: int, received_fen: int) -> int:
    """The change to give, in fen; raises TenderShort when the cash does not cover what is due."""
    if received_fen < payable_fen:
        raise TenderShort(missing_fen=payable_fen - received_fen)
    return received_fen - payable_fen


_TAKE = text(
    "INSERT INTO tender (store_id, order_id, kind, state, amount_fen, received_fen, change_fen,"
    " created_at, paid_at, asked) VALUES (:store, :order, 'cash', 'paid', :amount, :received, :change,"
    " :now, :now, 0)"
)


def take(
    session: Session,
    store_id: int,
    order_id: int,
    amount_fen: int,
    received_fen: int,
    change_fen: int,
    *,
    now: datetime,
) -> None:
    """Note cash taken for an order."""
    fetch(
        session,
        _TAKE,
        {
            "store": store_id,
            "order": order_id,
            "amount": amount_fen,
            "received": received_fen,
            "change": change_fen,
            "now": now,
        },
    )
