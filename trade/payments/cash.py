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
    "INSERT INTO tender (store_id, order_id, top_up_id, kind, state, amount_fen, received_fen, change_fen,"
    " created_at, paid_at, asked) VALUES (:store, CAST(:order AS bigint), CAST(:top_up AS bigint), 'cash', 'paid',"
    " :amount, :received, :change, :now, :now, 0)"
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
    _note(session, store_id, amount_fen, received_fen, change_fen, now, order=order_id)


def take_top_up(
    session: Session,
    store_id: int,
    top_up_id: int,
    amount_fen: int,
    received_fen: int,
    change_fen: int,
    *,
    now: datetime,
) -> None:
    """Note cash taken for a top-up."""
    _note(session, store_id, amount_fen, received_fen, change_fen, now, top_up=top_up_id)


def _note(
    session: Session, store_id: int, amount_fen: int, received_fen: int, change_fen: int, now: datetime, **of: int
) -> None:
    given = {"store": store_id, "order": None, "top_up": None, **of}
    figures = {"amount": amount_fen, "received": received_fen, "change": change_fen, "now": now}
    fetch(session, _TAKE, given | figures)
