"""What a customer, or the head office, says about a parcel for which no store was found: another store, bring it, wait.

Giving the money back is `trade/orders/rerouting.py`.  Whoever calls holds the order's row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from config import journal
from config.errors import Refused, WrongState
from trade.fulfilment import asked as asking
from trade.fulfilment import assign, moves, rules
from trade.fulfilment.asked import Asked
from trade.fulfilment.places import Need
from trade.fulfilment.routing import Decision
from trade.fulfilment.states import State


class StoreCannot(Refused):
    """This store cannot do the parcel now; `because` is the filter that removed it (`DECISIONS.md`, 2)."""

    code = "store_cannot"


class NobodyCan(Refused):
    """No store can bring the parcel; `outcome` says what is lacking."""

    code = "nobody_can"


def options(session: Session, parcel: Any, *, now: datetime) -> dict[str, Any]:
    """What may be chosen at this moment: `stores` to fetch it from, best first, and whether it can be brought."""
    asked = asking.read(session, parcel)
    stores, brought = assign.options(session, parcel, asked, rules.in_force(session, now)[1], now=now)
    return {"stores": stores, "deliver": brought, "ask_by": parcel.ask_by.isoformat() if parcel.ask_by else None}


def able(session: Session, parcel: Any, *, now: datetime) -> list[int]:
    """The stores that could do the parcel as it is, whole, at this moment; best first.  Reads only."""
    asked, weights = asking.read(session, parcel), rules.in_force(session, now)[1]
    if parcel.mode == "pickup":
        return assign.options(session, parcel, asked, weights, now=now)[0]
    whole = replace(asked, need=replace(asked.need, may_split=False))
    found = assign.decide(session, whole, weights, frozenset(), rerouted=True, now=now)
    return [one.store_id for one in found.candidates]


def choose_store(
    session: Session, parcel: Any, at_store_id: int, *, mode: str | None = None, actor: str, now: datetime
) -> None:
    """This store is asked to do it; with `mode` `pickup` the customer fetches there what was to be brought.

    What the first store promised and this one cannot keep is promised anew, by this store's clock.  People may choose
    beyond the hops of the machine, but never a store that refused the order.

    :raises StoreCannot: nothing changed.  :raises WrongState: it does not wait for an answer.
    """
    _waits(parcel, "choose_store")
    asked = asking.read(session, parcel)
    how: Any = mode or parcel.mode
    need = replace(asked.need, mode=how, chosen_store_id=at_store_id, may_split=False, promise_at=None)
    found = _carry_out(session, parcel, asked, need, actor=actor, now=now)
    if not found.parcels:
        raise StoreCannot(store_id=at_store_id, because=found.removed.get(at_store_id, "not_found"))


def bring(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """The customer has it brought instead of fetching it, from whichever store is best.

    :raises NobodyCan: nothing changed; without an address nobody can.  :raises WrongState: it waits for no answer.
    """
    _waits(parcel, "bring")
    asked = asking.read(session, parcel)
    need = replace(asked.need, mode="delivery", may_split=asked.may_split, promise_at=None)
    found = _carry_out(session, parcel, asked, need, actor=actor, now=now)
    if not found.parcels:
        raise NobodyCan(outcome=found.chosen.outcome)


def route_again(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """The machine looks once more, whatever its hops: a store may have opened, or goods have come.

    :raises NobodyCan: nothing changed; a pickup (`outcome` is then `pickup`) goes where the customer says.
    :raises WrongState: it waits for no answer.
    """
    _waits(parcel, "route_again")
    if parcel.mode == "pickup":
        raise NobodyCan(outcome="pickup")
    asked = asking.read(session, parcel)
    found = _carry_out(session, parcel, asked, asked.need, actor=actor, now=now)
    if not found.parcels:
        raise NobodyCan(outcome=found.chosen.outcome)


def wait(session: Session, parcel: Any, *, actor: str, now: datetime) -> datetime:
    """The customer waits: the question is open for `wait_minutes` more; returns until when.  Raises WrongState."""
    _waits(parcel, "wait")
    until = now + timedelta(minutes=rules.in_force(session, now)[1].wait_minutes)
    moves.ask_until(session, parcel.store_id, parcel.id, until)
    data = {"order_id": parcel.order_id, "parcel_id": parcel.id, "ask_by": until.isoformat()}
    journal.record(session, "parcel.waits", f"order:{parcel.order_id}", actor=actor, now=now, **data)
    return until


def _waits(parcel: Any, event: str) -> None:
    if parcel.state != State.ASKING:
        raise WrongState(parcel_id=parcel.id, state=parcel.state, event=event)


def _carry_out(session: Session, parcel: Any, asked: Asked, need: Need, *, actor: str, now: datetime) -> Decision:
    """Route what was chosen; where a store was found, do it."""
    version, weights = rules.in_force(session, now)
    wanted = replace(asked, need=need)
    decision = assign.decide(session, wanted, weights, frozenset(), rerouted=True, now=now)
    assign.remember(session, parcel, decision, version, weights, now=now)
    if decision.parcels:
        if need.mode != parcel.mode:
            moves.change_mode(session, parcel.store_id, parcel.id, need.mode)
            parcel = parcel._replace(mode=need.mode)
        assign.carry_out(session, parcel, wanted, decision.parcels, renew=True, actor=actor, now=now)
        assign.settled(session, parcel, "chosen", actor=actor, now=now)
    return decision
