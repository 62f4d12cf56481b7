"""What a store does for an order, step by step: the parcel moves, stock and value follow, the order ends with the last.

Locks are taken in one order everywhere: the order's row, its parcel, stock, what the member holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused
from trade.fulfilment import lost, parcels, pickup
from trade.fulfilment import moves as parcel_moves
from trade.fulfilment.states import CLOSED, Outcome
from trade.orders import close, moves, returns, value
from trade.orders.line_refunds import GIVEN_UP
from trade.stock import moves as stock
from trade.stock import rejects, told


class NotAllPicked(Refused):
    """Some lines are not picked yet; `line_nos` are theirs."""

    code = "not_all_picked"


_LOCK = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")


def lock(session: Session, parcel: Any) -> Any:
    """The parcel's order, locked: whatever changes one parcel may end the order."""
    return fetch(session, _LOCK, {"store": parcel.store_id, "order": parcel.order_id})[0]


def _move(session: Session, parcel: Any, event: str, actor: str, now: datetime, **data: Any) -> Any:
    at = parcel.at_store_id
    return parcel_moves.move(session, parcel.store_id, parcel.id, event, at_store_id=at, actor=actor, now=now, **data)


def accept(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """The store takes the parcel on.  Raises WrongState, NotFound."""
    lock(session, parcel)
    _move(session, parcel, "accept", actor, now)
    parcel_moves.answer(session, parcel.store_id, parcel.id, Outcome.ACCEPTED, actor=actor, now=now)


def pick(session: Session, parcel: Any, line_no: int, picked_qty: int, *, actor: str, now: datetime) -> None:
    """Set how much of a line lies in the tote (absolute); the first pick begins the picking."""
    if parcel.state == "accepted":
        lock(session, parcel)
        _move(session, parcel, "start", actor, now)
    parcel_moves.pick(session, parcel, line_no, picked_qty, actor=actor, now=now)


def short(
    session: Session, parcel: Any, line_no: int, qty: int, reason: rejects.Reason, *, actor: str, now: datetime
) -> returns.Preview | None:
    """The store does not find units of a line: their money goes back in the same step, exactly (rules 3.17).

    What that says of its stock is done too.  A parcel of which nothing is left ends; an order of which nothing is left
    is cancelled as if it had never been.

    :return: what was refunded; None when the whole order was.
    :raises WrongState, NotFound: nothing was refunded.
    """
    lock(session, parcel)
    sku_id = parcel_moves.short(session, parcel, line_no, qty, actor=actor, now=now)
    freed = stock.release(session, parcel.at_store_id, order_id=parcel.order_id, goods={sku_id: qty})
    told.freed(session, freed, cause="short", actor=actor, now=now)
    key = f"short:{parcel.id}:{line_no}:{now:%y%m%d%H%M%S%f}"
    broken = rejects.effect_of_reject(session, parcel.at_store_id, reason, {sku_id: qty}, key=key, actor=actor, now=now)
    lost.tell(session, parcel.at_store_id, broken, actor=actor, now=now)
    of = (parcel.store_id, parcel.order_id)
    if not parcels.goods(session, parcel.store_id, parcel.id):
        if not parcels.anything_left(session, *of):
            close.refuse(session, *of, "short", actor=actor, now=now)
            return None
        parcel_moves.move(session, parcel.store_id, parcel.id, "cancel", actor=actor, now=now)
    _, done = returns.give_up(session, *of, {line_no: qty}, reason="short_pick", fault=True, actor=actor, now=now)
    finish(session, parcel, actor=actor, now=now)
    return done


def leave_out(
    session: Session, store_id: int, order_id: int, units: Mapping[int, int], *, actor: str, now: datetime
) -> None:
    """The customer does not want units that lie in parcels any more: they are free, and not picked.

    The order's row is locked by the caller, who refunds them next and then calls `finish_if_empty`.

    :raises NotHeld: fewer of them are still in the stores' hands; nothing moved.
    """
    taken = parcel_moves.leave_out(session, store_id, order_id, units)
    goods: dict[int, Counter[int]] = {}
    for row in taken:
        goods.setdefault(row.at_store_id, Counter())[row.sku_id] += row.less
    lacking = sum(units.values()) - sum(row.less for row in taken)
    if lacking:
        raise stock.NotHeld(store_id=store_id, order_id=order_id, short=dict(units))
    for at_store_id, part in sorted(goods.items()):
        freed = stock.release(session, at_store_id, order_id=order_id, goods=part)
        told.freed(session, freed, cause="left_out", actor=actor, now=now)
    for parcel_id in sorted({row.parcel_id for row in taken}):
        if not parcels.goods(session, store_id, parcel_id):
            parcel_moves.move(session, store_id, parcel_id, "cancel", actor=actor, now=now)


_NOTHING_LEFT = text(f"""
    SELECT NOT EXISTS (SELECT FROM order_line line
        WHERE line.store_id = :store AND line.order_id = :order AND line.qty > {GIVEN_UP}) AS nothing""")


def finish_if_empty(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """End an order in which nothing is left to do: cancelled when all of it was given up, else with its parcels."""
    state = close.head(session, store_id, order_id).state
    key = {"store": store_id, "order": order_id}
    if state in ("paid", "confirmed") and fetch(session, _NOTHING_LEFT, key)[0].nothing:
        close.cancel(session, store_id, order_id, actor=actor, now=now)
    elif state == "confirmed":
        for parcel in parcels.of_order(session, store_id, order_id)[:1]:
            finish(session, parcel, actor=actor, now=now)


def ready(session: Session, parcel: Any, *, actor: str, now: datetime, shelf: str = "") -> None:
    """Everything is in the bag: the customer gets a pickup code.  Raises NotAllPicked, WrongState."""
    lock(session, parcel)
    if unpicked := parcels.unpicked(session, parcel.store_id, parcel.id):
        raise NotAllPicked(line_nos=unpicked)
    _move(session, parcel, "fill", actor, now)
    if goods := parcels.goods(session, parcel.store_id, parcel.id):
        stock.pick(session, parcel.at_store_id, goods, order_id=parcel.order_id)
    _move(session, parcel, "ready", actor, now, shelf=shelf)
    code = pickup.draw(session, parcel.at_store_id)
    hashed, sealed = pickup.fingerprint(parcel.at_store_id, code), pickup.seal(code)
    parcel_moves.lay_ready(session, parcel.store_id, parcel.id, shelf, hashed=hashed, sealed=sealed)


def collect(session: Session, parcel: Any, *, staff_id: int, actor: str, now: datetime) -> None:
    """Hand over to the customer: the goods leave, the code dies; the last parcel ends the order."""
    lock(session, parcel)
    _move(session, parcel, "collect", actor, now)
    parcel_moves.handed(session, parcel.store_id, parcel.id, staff_id)
    if goods := parcels.picked(session, parcel.store_id, parcel.id):
        key = f"order:{parcel.order_id}:parcel:{parcel.id}"
        stock.consume(session, parcel.at_store_id, goods, order_id=parcel.order_id, key=key, actor=actor, now=now)
    finish(session, parcel, actor=actor, now=now)


def finish(session: Session, parcel: Any, *, actor: str, now: datetime) -> bool:
    """End the order if this was its last open parcel: what was on its way to the member arrives."""
    if any(one.state not in CLOSED for one in parcels.of_order(session, parcel.store_id, parcel.order_id)):
        return False
    moves.move(session, parcel.store_id, parcel.order_id, "finish", actor=actor, now=now)
    order = close.head(session, parcel.store_id, parcel.order_id)
    value.collected(session, value.Stake.of(order), actor=actor, now=now)
    return True
