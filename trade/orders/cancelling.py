"""The customer changes their mind while a store is picking (members-mall-orders.md 3.7): the store is asked.

It has `cancel_minutes` of the rules in force; who says nothing agrees.  Parcels that nobody has begun end at once, and
from the moment one lies ready, or is on its way, it is a return.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import WrongState
from trade.fulfilment import asked as asking
from trade.fulfilment import moves as parcel_moves
from trade.fulfilment import notices, parcels, rules
from trade.fulfilment.states import CLOSED, WAITING, Outcome, State
from trade.orders import close, fulfil, returns
from trade.orders.headline import ASKABLE, headline, may_ask
from trade.stock import moves as stock
from trade.stock import told

_ASK = text("""
    UPDATE parcel SET cancel_by = :until
    WHERE store_id = :store AND id = :parcel AND state IN ('picking', 'picked') AND cancel_by IS NULL RETURNING *""")
_SETTLE = text("""
    UPDATE parcel SET cancel_by = NULL
    WHERE store_id = :store AND id = :parcel AND at_store_id = :at AND cancel_by IS NOT NULL RETURNING *""")
_SILENT = text("""
    SELECT store_id, id FROM parcel WHERE cancel_by <= :now ORDER BY cancel_by, id LIMIT :most""")


def ask(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> datetime:
    """The customer asks to cancel what is being picked; returns until when the stores may say no.

    Asking twice is asking once: the first clock runs on.

    :raises WrongState: nobody has begun (`close.cancel` does it at once), or something lies ready or is on its way.
    """
    order = returns.lock(session, store_id, order_id)
    found = parcels.of_order(session, store_id, order_id)
    stand = {parcel.state for parcel in found}
    if not may_ask(order.state, stand):
        raise WrongState(order_id=order_id, state=headline(order.state, stand), event="ask_to_cancel")
    until = now + timedelta(minutes=rules.in_force(session, now)[1].cancel_minutes)
    for parcel in found:
        if parcel.state in ASKABLE and first(session, _ASK, _of(parcel) | {"until": until}):
            _tell(session, parcel, "cancel_asked", actor=actor, now=now, cancel_by=until.isoformat())
    for parcel in found:
        if parcel.state in WAITING:
            _end(session, parcel, actor=actor, now=now)
    return until


def _of(parcel: Any) -> dict[str, Any]:
    return {"store": parcel.store_id, "parcel": parcel.id, "at": parcel.at_store_id}


def _tell(session: Session, parcel: Any, what: str, *, actor: str, now: datetime, **data: Any) -> None:
    told_of = {"order_id": parcel.order_id, "parcel_id": parcel.id, "at_store_id": parcel.at_store_id, **data}
    journal.record(session, f"parcel.{what}", f"order:{parcel.order_id}", actor=actor, now=now, **told_of)


def agree(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """The store lets it go, or said nothing in time: the goods are back on the shelf, the money goes back.

    :raises WrongState: nobody asked, or it was answered already.
    """
    _settle(session, parcel, "agree")
    _tell(session, parcel, "cancel_agreed", actor=actor, now=now)
    _end(session, parcel, actor=actor, now=now)


def decline(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """The store is as good as ready and goes on.  Raises WrongState: nobody asked, or it was answered already."""
    _settle(session, parcel, "decline")
    _tell(session, parcel, "cancel_declined", actor=actor, now=now)
    notices.ask(session, parcel, "cancel_declined", actor=actor, now=now)


def _settle(session: Session, parcel: Any, event: str) -> None:
    fulfil.lock(session, parcel)
    if first(session, _SETTLE, _of(parcel)) is None:
        stands = parcels.one(session, parcel.store_id, parcel.id)
        raise WrongState(parcel_id=parcel.id, state=stands.state, event=f"cancel_{event}")


def _end(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """One parcel ends by the customer's wish; the last one takes the order with it."""
    key = (parcel.store_id, parcel.order_id)
    others = [one for one in parcels.of_order(session, *key) if one.id != parcel.id and one.state != State.CANCELLED]
    if not others:
        close.withdraw(session, *key, actor=actor, now=now)
        return
    stands = parcels.one(session, parcel.store_id, parcel.id)
    asked = asking.read(session, stands)
    ends = (parcel.store_id, parcel.id)
    parcel_moves.move(session, *ends, "cancel", actor=actor, now=now, reason="customer")
    parcel_moves.answer(session, *ends, Outcome.CANCELLED, reason="customer", actor=actor, now=now)
    if stands.at_store_id is not None and asked.own:
        stock.release(session, stands.at_store_id, order_id=parcel.order_id, goods=asked.own)
        told.changed(session, stands.at_store_id, asked.own, cause="given_up", actor=actor, now=now)
    wants = {line.line_no: line.qty for line in asked.need.lines}
    _leave_lines(session, parcel)
    returns.give_up(session, *key, wants, reason="customer", fault=False, actor=actor, now=now)
    if all(one.state in CLOSED for one in others):
        fulfil.finish(session, parcel, actor=actor, now=now)


def _leave_lines(session: Session, parcel: Any) -> None:
    parcel_moves.bring_back(session, parcel.store_id, parcel.id, away=False)


def unanswered(session: Session, *, now: datetime, most: int) -> list[Any]:
    """Keys of the parcels whose store said nothing in time."""
    return fetch(session, _SILENT, {"now": now, "most": most})
