"""Cash: taken and given back at once, counted with the shift, and rounded as the store rounds it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused
from trade.stores.models import CashRounding

_UNIT_AND_UP_FROM = {
    CashRounding.NONE: (1, 1),
    CashRounding.DROP_FEN: (10, 10),
    CashRounding.DROP_JIAO: (100, 100),
    CashRounding.HALF_UP: (10, 5),
    CashRounding.HALF_DOWN: (10, 6),
}
"""Per mode the coin that is still paid, in fen, and the least remainder that is rounded up to the next one."""


def rounding_fen(due_fen: int, mode: str) -> int:
    """What rounding adds to the cash that is due, in fen; negative where it is rounded down.

    Symmetric about zero: what is given back is rounded as what is taken (till-and-store-desk.md 3.5).
    """
    unit_fen, up_from_fen = _UNIT_AND_UP_FROM[CashRounding(mode)]
    over_fen = abs(due_fen) % unit_fen
    delta_fen = unit_fen - over_fen if over_fen >= up_from_fen else -over_fen
    return delta_fen if due_fen >= 0 else -delta_fen


def net(due_fen: int, money_fen: int, cash_fen: int, mode: str) -> tuple[int, int]:
    """What of `money_fen` that goods give back pays what is due, and the rounding of the net, if cash is that; pure.

    The worked table is in `trade/orders/exchange/`.

    :param cash_fen: the part of the money that would go back in cash, which is taken first.
    :return: what is brought, and what rounding adds to what is due; never so much that less than nothing is due.
    """
    brought_fen = min(money_fen, due_fen)
    collect_fen, cash_back_fen = due_fen - brought_fen, max(cash_fen - brought_fen, 0)
    if collect_fen:
        return brought_fen, rounding_fen(collect_fen, mode)
    delta_fen = max(rounding_fen(-cash_back_fen, mode), -brought_fen)
    return brought_fen + delta_fen, delta_fen


def back_fen(cash_fen: int, rounded_fen: int, goods_fen: int) -> int:
    """What of rounded cash is given back in all, once goods that cost `goods_fen` of it came back.

    Partial refunds are what the lines cost, at most the cash there is; the last takes the remainder, so that all of
    them end at exactly what was taken.  Never falls when `goods_fen` rises.

    :param cash_fen: what the lines cost in cash, in fen; `rounded_fen` what was taken for them.
    """
    return rounded_fen if goods_fen >= cash_fen else min(goods_fen, rounded_fen)


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
