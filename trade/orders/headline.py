"""What people see an order as: one word derived from the order, its review and its parcels, never stored.

order        parcels                                   headline
placed       none                                      placed
paid         none: somebody looks at it first          paid
confirmed    the customer is asked about one           asking
confirmed    all are looked for, or with a store       paid
             that has not taken them on
confirmed    every open one lies ready for pickup      ready
confirmed    every open one is with a courier          shipping
confirmed    anything else                             preparing
done         all closed                                done
cancelled    all cancelled                             cancelled
"""

from __future__ import annotations

from collections.abc import Iterable

from trade.fulfilment.states import CLOSED, WAITING
from trade.fulfilment.states import State as Parcel
from trade.orders.states import State

_SHIPPING = {Parcel.HANDED, Parcel.COURIER_CALLED}
_NEW = {Parcel.ROUTING, Parcel.ASSIGNED}


def headline(state: str, parcels: Iterable[str]) -> str:
    """The word for an order in `state` whose parcels stand where `parcels` says.  Pure."""
    if state != State.CONFIRMED:
        return state
    open_ones = set(parcels) - CLOSED
    if Parcel.ASKING in open_ones:
        return "asking"
    if open_ones <= _NEW:
        return "paid"
    if open_ones <= {Parcel.READY}:
        return "ready"
    return "shipping" if open_ones <= _SHIPPING else "preparing"


def may_cancel(state: str, parcels: Iterable[str]) -> bool:
    """Whether the customer may cancel at once: nobody has begun to pick (members-mall-orders.md 3.7)."""
    return state in (State.PLACED, State.PAID) or (
        state == State.CONFIRMED and set(parcels) <= WAITING | {Parcel.CANCELLED}
    )


ASKABLE = frozenset({Parcel.PICKING, Parcel.PICKED})


def may_ask(state: str, parcels: Iterable[str]) -> bool:
    """Whether the customer may ask the stores to stop picking: nothing of it lies ready yet."""
    stand = set(parcels)
    return state == State.CONFIRMED and bool(stand & ASKABLE) and stand <= WAITING | ASKABLE | {Parcel.CANCELLED}
