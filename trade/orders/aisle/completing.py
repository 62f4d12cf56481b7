"""A till sale is paid: what is carried out leaves, the other stores are asked for the rest (`selling.py`)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits
from trade.fulfilment import asked as asking
from trade.fulfilment import assign, pickup
from trade.fulfilment import moves as parcels
from trade.fulfilment import parcels as parcels_read
from trade.orders import moves, telling, value
from trade.payments import cash
from trade.payments import wallet as wallet_tender
from trade.stock import facts, told
from trade.stock import moves as stock

_ORDER = text("""
    SELECT o.*, (SELECT coalesce(sum(t.amount_fen), 0) FROM tender t WHERE t.store_id = o.store_id
                 AND t.order_id = o.id AND t.state = 'paid')::bigint AS taken_fen
    FROM sale_order o WHERE o.store_id = :store AND o.id = :order FOR NO KEY UPDATE""")
_LINES = text("""
    SELECT line_no, sku_id, qty, at_store_id FROM order_line WHERE store_id = :store AND order_id = :order
    ORDER BY line_no""")
_HOLDS = text("""
    SELECT store_id, sku_id, sum(qty)::bigint AS qty FROM stock_hold WHERE order_id = :order GROUP BY 1, 2""")


def complete(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime, **data: Any) -> None:
    """All money is here: what is carried out leaves, the other stores are asked for the rest.

    Cash is what no other tender pays: it lies in the drawer since the sale was rung up.

    :raises WrongState: the order waits for no money; nothing was written.
    """
    moves.move(session, store_id, order_id, "pay", actor=actor, now=now, **data)
    stock.commit(session, None, order_id=order_id)
    order = fetch(session, _ORDER, {"store": store_id, "order": order_id})[0]
    stake = value.Stake.of(order)
    if cash_fen := order.payable_fen - stake.wallet.total_fen - order.taken_fen:
        cash.take(session, store_id, order_id, cash_fen, cash_fen, 0, now=now)
    if stake.wallet.total_fen:
        wallet_tender.take(session, store_id, order_id, stake.wallet.total_fen, now=now)
    value.paid(session, stake, actor=actor, now=now)
    moves.move(session, store_id, order_id, "confirm", actor=actor, now=now)
    _make_parcels(session, order, actor=actor, now=now)
    telling.paid(session, order, actor=actor, now=now)


def _make_parcels(session: Session, order: Any, *, actor: str, now: datetime) -> None:
    lines = fetch(session, _LINES, {"store": order.store_id, "order": order.id})
    parts: dict[int, dict[int, tuple[int, int]]] = {}
    for line in lines:
        parts.setdefault(line.at_store_id or order.store_id, {})[line.line_no] = (line.sku_id, line.qty)
    if own := parts.pop(order.store_id, None):
        _carry_out(session, order, own, actor=actor, now=now)
    for at_store_id, part in sorted(parts.items()):
        _ask(session, order, at_store_id, part, actor=actor, now=now)


Part = dict[int, tuple[int, int]]
"""Line -> (sku, units)."""


def _units(part: Part) -> dict[int, int]:
    units: Counter[int] = Counter()
    for sku_id, qty in part.values():
        units[sku_id] += qty
    return dict(units)


def _lacking(session: Session, order: Any, at_store_id: int, part: Part) -> dict[int, int]:
    """What of a part its store no longer holds for the order: a fact took it while the code was charged."""
    lacking = Counter(kits.expand(session, _units(part)))
    for row in fetch(session, _HOLDS, {"order": order.id}):
        if row.store_id == at_store_id:
            lacking[row.sku_id] -= row.qty
    return {sku_id: qty for sku_id, qty in sorted(lacking.items()) if qty > 0}


def _carry_out(session: Session, order: Any, part: Part, *, actor: str, now: datetime) -> None:
    """The customer has it in hand; what a fact took meanwhile lies on the counter all the same."""
    store_id = order.store_id
    where: dict[str, Any] = {"at_store_id": store_id, "mode": "pickup", "promise_at": None, "now": now}
    parcel_id = parcels.open_parcel(session, store_id, order.id, part, **where)
    parcels.carry_out(session, store_id, parcel_id, order.staff_id, actor=actor, now=now)
    key = f"order:{order.id}:parcel:{parcel_id}:0"
    unheld = _lacking(session, order, store_id, part)
    held = Counter(kits.expand(session, _units(part)))
    held.subtract(unheld)
    if +held:
        stock.consume(session, store_id, dict(+held), order_id=order.id, key=key, actor=actor, now=now)
    if unheld:
        facts.take_as_fact(session, store_id, unheld, key=f"{key}:unheld", actor=actor, now=now)


def _ask(session: Session, order: Any, at_store_id: int, part: Part, *, actor: str, now: datetime) -> None:
    """The store that the customer chose is asked; a pickup gets its code now, for the receipt."""
    _, promise_at = asking.clocks_of(session, at_store_id, order.mode, now)
    where: dict[str, Any] = {"at_store_id": at_store_id, "mode": order.mode, "promise_at": promise_at, "now": now}
    parcel_id = parcels.open_parcel(session, order.store_id, order.id, part, **where)
    parcel = parcels_read.one(session, order.store_id, parcel_id)
    stands = assign.find_store(session, parcel, chosen=True, actor=actor, now=now)
    if order.mode == "pickup":
        pickup.give(session, parcels_read.one(session, order.store_id, parcel_id))
    if stands == "asking":  # a fact took some of it while a code was charged: what is left there is free, too
        left = Counter(kits.expand(session, _units(part)))
        left.subtract(_lacking(session, order, at_store_id, part))
        if +left:
            freed = stock.release(session, at_store_id, order_id=order.id, goods=dict(+left))
            told.freed(session, freed, cause="rerouted", actor=actor, now=now)
        parcels.place(session, order.store_id, parcel_id, None)
