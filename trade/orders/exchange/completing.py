"""The return side of an exchange takes effect: at once, or when the payment code of its order is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import Refused
from trade.orders import returns
from trade.orders.refund_plan import Preview

_WAITING = text("SELECT * FROM exchange WHERE store_id = :store AND order_id = :order AND return_id IS NULL")
_DONE = text("""
    UPDATE exchange SET return_id = :return_id
    WHERE store_id = :store AND order_id = :order AND return_id IS NULL RETURNING order_id""")
_TENDER = text("""
    INSERT INTO tender (store_id, order_id, kind, state, amount_fen, received_fen, change_fen, root_store_id, root_id,
                        created_at, paid_at, asked)
    SELECT :store, :order, 'exchange', 'paid', t.fen, 0, 0, t.root_store_id, t.root_id, :now, :now, 0
    FROM unnest(CAST(:fens AS bigint[]), CAST(:root_stores AS bigint[]), CAST(:roots AS bigint[]))
        AS t(fen, root_store_id, root_id)""")


def waiting(session: Session, store_id: int, order_id: int) -> Any | None:
    """The exchange whose payment code this order waits for, if it is one."""
    return first(session, _WAITING, {"store": store_id, "order": order_id})


def goods(done: Preview) -> dict[int, int]:
    """Units by sku that come back."""
    units: dict[int, int] = {}
    for line in done.lines:
        units[line["sku_id"]] = units.get(line["sku_id"], 0) + line["qty"]
    return units


def _by_line(units: Mapping[str, int]) -> dict[int, int]:
    return {int(number): qty for number, qty in units.items()}


def still_so(session: Session, exchange: Any, *, now: datetime) -> Preview | None:
    """What the goods give back, if that is what was shown before the code was charged; locks the old order.

    Nobody else can return anything of it meanwhile, but the member may have spent points or coupons elsewhere.
    """
    back = (exchange.back_store_id, exchange.back_order_id)
    how: dict[str, Any] = {"fault": exchange.fault, "exchange_id": exchange.order_id, "now": now}
    try:
        done = returns.preview(session, *back, _by_line(exchange.wants), **how)
    except Refused:
        return None
    blocked = done.borne.asks_manager and exchange.approver_id is None
    return done if done.refund_fen == exchange.refund_fen and not blocked else None


def carry_out(session: Session, exchange: Any, done: Preview, *, actor: str, now: datetime) -> int:
    """The goods come back, and their money pays for the new order; returns the document of return.

    The levels of all goods, and the old order, are locked by the caller.

    :raises RefundChanged, ApprovalNeeded: nothing may stay.
    """
    return_id, _ = returns.take_back(
        session,
        exchange.back_store_id,
        exchange.back_order_id,
        _by_line(exchange.wants),
        aside=_by_line(exchange.aside),
        expected_refund_fen=exchange.refund_fen,
        brought_fen=exchange.brought_fen,
        exchange_id=exchange.order_id,
        at_store_id=exchange.store_id,
        shift_id=exchange.shift_id,
        staff_id=exchange.staff_id,
        approver_id=exchange.approver_id,
        fault=exchange.fault,
        reason=exchange.reason,
        actor=actor,
        now=now,
    )
    fetch(session, _DONE, {"store": exchange.store_id, "order": exchange.order_id, "return_id": return_id})
    parts = returns.split_brought(done.refunds, exchange.brought_fen)
    pay_with(session, exchange.store_id, exchange.order_id, parts, now=now)
    return return_id


def pay_with(
    session: Session, store_id: int, order_id: int, parts: Sequence[tuple[Any, int, int]], *, now: datetime
) -> None:
    """Note what of each old tender pays for the new order; an exchange of an exchange remembers the first."""
    stays = [(tender, fen) for tender, _, fen in parts if fen]
    roots = {
        "fens": [fen for _, fen in stays],
        "root_stores": [tender.root_store_id or tender.store_id for tender, _ in stays],
        "roots": [tender.root_id or tender.id for tender, _ in stays],
    }
    fetch(session, _TENDER, {"store": store_id, "order": order_id, "now": now, **roots})
