"""A parcel that nobody fetches (till-and-store-desk.md 3.18): reminders, then it is missed, put back and refunded.

When is data: `remind_hours`, `no_show_hours` and `put_back_hours` of the rules in force.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import WrongState
from trade.fulfilment import moves as parcel_moves
from trade.fulfilment import notices, parcels
from trade.fulfilment.weights import Weights
from trade.orders import fulfil
from trade.stock import moves as stock
from trade.stock import told

_WAITING = text("""
    SELECT store_id, id, reminded, ready_at FROM parcel
    WHERE state = 'ready' AND mode = 'pickup' AND ready_at <= CASE reminded
        WHEN 0 THEN CAST(:first AS timestamptz) WHEN 1 THEN CAST(:second AS timestamptz)
        ELSE CAST(:missed AS timestamptz) END
    ORDER BY ready_at, id LIMIT :most""")
_MISSED = text("""
    SELECT store_id, id FROM parcel WHERE state = 'no_show' AND at_store_id IS NOT NULL AND ready_at <= :until
    ORDER BY ready_at, id LIMIT :most""")
_REMIND = text("""
    UPDATE parcel SET reminded = reminded + 1
    WHERE store_id = :store AND id = :parcel AND state = 'ready' AND reminded = :reminded RETURNING *""")


def waiting(session: Session, weights: Weights, *, now: datetime, most: int) -> list[Any]:
    """Parcels that are to be reminded of, or missed, the oldest first."""
    hours = (*weights.remind_hours, weights.no_show_hours)
    first_at, second_at, missed_at = (now - timedelta(hours=one) for one in hours)
    return fetch(session, _WAITING, {"first": first_at, "second": second_at, "missed": missed_at, "most": most})


def missed(session: Session, weights: Weights, *, now: datetime, most: int) -> list[Any]:
    """Parcels that were missed and that nobody put back."""
    until = now - timedelta(hours=weights.no_show_hours + weights.put_back_hours)
    return fetch(session, _MISSED, {"until": until, "most": most})


def remind(session: Session, row: Any, *, actor: str, now: datetime) -> bool:
    """Tell the customer that it waits; the second time a little louder.  False when somebody was faster."""
    given = {"store": row.store_id, "parcel": row.id, "reminded": row.reminded}
    parcel = first(session, _REMIND, given)
    if parcel is None:
        return False
    notices.ask(session, parcel, f"remind_{parcel.reminded}", actor=actor, now=now)
    data = {"order_id": parcel.order_id, "parcel_id": parcel.id, "times": parcel.reminded}
    journal.record(session, "parcel.reminded", f"order:{parcel.order_id}", actor=actor, now=now, **data)
    return True


def miss(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """Nobody fetched it in time: its code opens nothing any more.  Raises WrongState."""
    fulfil.lock(session, parcel)
    key = (parcel.store_id, parcel.id)
    moved = parcel_moves.move(session, *key, "miss", at_store_id=parcel.at_store_id, actor=actor, now=now)
    notices.ask(session, moved, "missed", actor=actor, now=now)


def put_back(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """Its goods are back on the shelf and free, and what was paid for them goes back.  Raises WrongState."""
    fulfil.lock(session, parcel)
    key = (parcel.store_id, parcel.id)
    if parcels.one(session, *key).state != "no_show":
        raise WrongState(parcel_id=parcel.id, state=parcels.one(session, *key).state, event="put_back")
    parcel_moves.move(session, *key, "come_back", at_store_id=parcel.at_store_id, actor=actor, now=now)
    goods: dict[int, int] = {}
    units: dict[int, int] = {}
    for line in parcels.lines(session, *key):
        rest = line.qty - line.short_qty - line.handed_qty
        if rest:
            units[line.line_no] = rest
            goods[line.sku_id] = goods.get(line.sku_id, 0) + rest
    parcel_moves.bring_back(session, *key, away=False)
    if goods:
        stock.release(session, parcel.at_store_id, order_id=parcel.order_id, goods=goods)
        told.changed(session, parcel.at_store_id, goods, cause="no_show", actor=actor, now=now)
    fulfil.give_back_rest(session, parcel, units, "no_show", fault=False, actor=actor, now=now)
