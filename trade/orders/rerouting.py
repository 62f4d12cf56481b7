"""A parcel leaves its store: the store said no, did not answer, or has the goods no more; or it is given up.

Locks as in `fulfil.py`: the order's row, its parcel, stock, exceptions, what the member holds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import WrongState
from trade.exceptions import cases
from trade.fulfilment import answers, assign, lost, parcels
from trade.fulfilment import asked as asking
from trade.fulfilment import moves as parcel_moves
from trade.fulfilment.states import CLOSED, MOVES, Outcome, State
from trade.orders import close, fulfil, returns
from trade.stock import moves as stock
from trade.stock import rejects, told
from trade.stock.rejects import Reason

GOODS_STAY = frozenset({Reason.OVERLOAD, Reason.CLOSING})
"""The goods are there, only the store has no time: what is promised there may wait there."""

_ACCEPTED = text("""
    SELECT DISTINCT order_id FROM parcel WHERE at_store_id = :at
      AND state IN ('accepted', 'picking', 'picked', 'ready', 'packed', 'courier_called')""")
_LOST_BY = text("""
    SELECT DISTINCT p.* FROM parcel p JOIN parcel_line line ON line.store_id = p.store_id AND line.parcel_id = p.id
    WHERE p.at_store_id = :at AND p.order_id = :order AND line.sku_id = ANY(CAST(:skus AS bigint[]))
      AND p.closed_at IS NULL ORDER BY p.id DESC""")


def _again(session: Session, parcel: Any) -> Any:
    return parcels.one(session, parcel.store_id, parcel.id)


def reject(session: Session, parcel: Any, reason: Reason, *, actor: str, now: datetime) -> str:
    """The store cannot do it: another is asked, or the customer; returns where the parcel stands then.

    What the reason says about the store's stock becomes true in the same transaction; where others were promised those
    goods, their parcels leave this store, too.

    :raises WrongState, NotFound: it is too late, or it is not this store's any more; nothing changed.
    """
    fulfil.lock(session, parcel)
    at, key = parcel.at_store_id, (parcel.store_id, parcel.id)
    asked = asking.read(session, parcel)
    parcel_moves.move(session, *key, "reject", at_store_id=at, actor=actor, now=now, reason=str(reason))
    parcel_moves.answer(session, *key, Outcome.REJECTED, reason=str(reason), actor=actor, now=now)
    stands = assign.find_store(session, _again(session, parcel), actor=actor, now=now)
    left = _again(session, parcel)
    if stands == State.ASKING and reason not in GOODS_STAY:
        _loosen(session, left, actor=actor, now=now)
    told_by: dict[str, Any] = {"key": f"reject:{parcel.id}:{parcel.hop}", "actor": actor, "now": now}
    accepted = {row.order_id for row in fetch(session, _ACCEPTED, {"at": at})}
    broken = rejects.effect_of_reject(session, at, reason, asked.goods, accepted=accepted, **told_by)
    lost.tell(session, at, broken, actor=actor, now=now)
    return stands


def time_out(session: Session, parcel: Any, *, actor: str, now: datetime) -> str:
    """The store's clock ran out: as a reject that says nothing about its stock.  Raises WrongState."""
    fulfil.lock(session, parcel)
    key = (parcel.store_id, parcel.id)
    parcel_moves.move(session, *key, "time_out", at_store_id=parcel.at_store_id, actor=actor, now=now)
    parcel_moves.answer(session, *key, Outcome.TIMED_OUT, actor=actor, now=now)
    stands = assign.find_store(session, _again(session, parcel), actor=actor, now=now)
    if stands == State.ASKING:
        cases.open(
            session,
            "store_time_out",
            assign.subject(parcel),
            money_fen=asking.read(session, parcel).net_fen,
            facts={"mode": parcel.mode, "hop": parcel.hop},
            store_id=parcel.store_id,
            order_id=parcel.order_id,
            at_store_id=parcel.at_store_id,
            actor=actor,
            now=now,
        )
    return stands


def _loosen(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """What is still promised for a parcel where it was is free; its goods are promised nowhere then."""
    asked = asking.read(session, parcel)
    if parcel.at_store_id is not None and asked.own:
        stock.release(session, parcel.at_store_id, order_id=parcel.order_id, goods=asked.own)
        told.changed(session, parcel.at_store_id, asked.own, cause="rerouted", actor=actor, now=now)
    parcel_moves.place(session, parcel.store_id, parcel.id, None)


def leave(
    session: Session, order_id: int, at_store_id: int, sku_ids: list[int], *, actor: str, now: datetime
) -> list[str]:
    """The parcels of an order leave a store that has these goods no more; returns where each stands then.

    A parcel that lies ready, or further, is not taken apart by the machine: it is on the desk (`stock_broken`).  One
    that lacks nothing stays.  An unpaid order has no parcel yet: what it lacks is seen when it is paid.
    """
    given = {"at": at_store_id, "order": order_id, "skus": sku_ids}
    return [_take_away(session, one, sku_ids, actor=actor, now=now) for one in fetch(session, _LOST_BY, given)]


def _take_away(session: Session, parcel: Any, skus: list[int], *, actor: str, now: datetime) -> str:
    fulfil.lock(session, parcel)
    parcel = _again(session, parcel)
    asked = asking.read(session, parcel)
    if all(asked.own.get(sku, 0) >= asked.goods.get(sku, 0) for sku in skus):
        return str(parcel.state)  # another parcel of the order bears it
    if parcel.state == State.ASKING:
        _loosen(session, parcel, actor=actor, now=now)
        return str(parcel.state)
    if parcel.state not in MOVES["take_away"][0]:
        cases.open(
            session,
            "stock_broken",
            assign.subject(parcel),
            money_fen=asked.net_fen,
            facts={"mode": parcel.mode, "state": parcel.state, "sku_ids": skus},
            at_stake=sum(asked.goods.get(sku, 0) - asked.own.get(sku, 0) for sku in skus),
            store_id=parcel.store_id,
            order_id=parcel.order_id,
            at_store_id=parcel.at_store_id,
            actor=actor,
            now=now,
        )
        return str(parcel.state)
    key = (parcel.store_id, parcel.id)
    parcel_moves.move(session, *key, "take_away", actor=actor, now=now, sku_ids=skus)
    parcel_moves.answer(session, *key, Outcome.REJECTED, reason="stock_broken", actor=actor, now=now)
    stands = assign.find_store(session, _again(session, parcel), actor=actor, now=now)
    if stands == State.ASKING:
        _loosen(session, _again(session, parcel), actor=actor, now=now)
    return stands


def give_up(session: Session, parcel: Any, reason: str, *, actor: str, now: datetime) -> None:
    """Nobody does this parcel any more: it ends and what was paid for it goes back.

    The last parcel of an order takes the order with it.  For the customer's own wish, and for silence until `ask_by`.
    One of an after-sales case gives nothing back: its case waits for another parcel.

    :raises WrongState: it is on its way, or over.
    """
    fulfil.lock(session, parcel)
    parcel = _again(session, parcel)
    others = [
        one
        for one in parcels.of_order(session, parcel.store_id, parcel.order_id)
        if one.id != parcel.id and one.state != State.CANCELLED
    ]
    assign.settled(session, parcel, reason, actor=actor, now=now)
    if not others and parcel.case_id is None:
        close.refuse(session, parcel.store_id, parcel.order_id, reason, actor=actor, now=now)
        return
    asked = asking.read(session, parcel)
    key = (parcel.store_id, parcel.id)
    parcel_moves.move(session, *key, "cancel", actor=actor, now=now, reason=reason)
    parcel_moves.answer(session, *key, Outcome.CANCELLED, reason=reason, actor=actor, now=now)
    if parcel.at_store_id is not None and asked.own:
        stock.release(session, parcel.at_store_id, order_id=parcel.order_id, goods=asked.own)
        told.changed(session, parcel.at_store_id, asked.own, cause="given_up", actor=actor, now=now)
    if parcel.case_id is not None:
        fulfil.recall(session, parcel, actor=actor, now=now)
        return
    wants = {line.line_no: line.qty for line in asked.need.lines}
    returns.give_up(session, parcel.store_id, parcel.order_id, wants, reason=reason, fault=True, actor=actor, now=now)
    if all(one.state in CLOSED for one in others):
        fulfil.finish(session, parcel, actor=actor, now=now)


class Says(StrEnum):
    """What a customer may say about a parcel that no store does."""

    STORE = "store"
    BRING = "bring"
    WAIT = "wait"
    REFUND = "refund"


def customer_says(
    session: Session, parcel: Any, says: Says, *, at_store_id: int | None = None, actor: str, now: datetime
) -> None:
    """Do what the customer chose: fetch it in `at_store_id`, have it brought, wait, or have the money back.

    :raises WrongState: nobody asks any more.  :raises StoreCannot, NobodyCan: nothing changed.
    """
    fulfil.lock(session, parcel)
    parcel = _again(session, parcel)
    if says is Says.STORE:
        assert at_store_id is not None, says
        answers.choose_store(session, parcel, at_store_id, mode="pickup", actor=actor, now=now)
    elif says is Says.BRING:
        answers.bring(session, parcel, actor=actor, now=now)
    elif says is Says.WAIT:
        answers.wait(session, parcel, actor=actor, now=now)
    elif parcel.state != State.ASKING:
        raise WrongState(parcel_id=parcel.id, state=parcel.state, event="refund")
    else:
        give_up(session, parcel, "customer", actor=actor, now=now)


def office_says(session: Session, parcel: Any, at_store_id: int | None, *, actor: str, now: datetime) -> None:
    """The head office has the machine look once more (None), or asks this store.  Raises as `customer_says`.

    A pickup goes only where the customer wants it: whoever names its store has spoken with them, and notes that.
    """
    fulfil.lock(session, parcel)
    parcel = _again(session, parcel)
    if at_store_id is None:
        answers.route_again(session, parcel, actor=actor, now=now)
    else:
        answers.choose_store(session, parcel, at_store_id, actor=actor, now=now)


_LATE = text("""
    SELECT store_id, id FROM parcel WHERE state = 'assigned' AND accept_by <= :now
    ORDER BY accept_by, id LIMIT :most""")
_SILENT = text("""
    SELECT store_id, id FROM parcel WHERE state = 'asking' AND ask_by <= :now
    ORDER BY ask_by, id LIMIT :most""")


def overdue(session: Session, *, now: datetime, most: int) -> list[Any]:
    """Keys of the parcels whose store let its clock run out."""
    return fetch(session, _LATE, {"now": now, "most": most})


def unanswered(session: Session, *, now: datetime, most: int) -> list[Any]:
    """Keys of the parcels about which the customer did not answer in time."""
    return fetch(session, _SILENT, {"now": now, "most": most})
