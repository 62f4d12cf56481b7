"""Where a parcel may stand, and every step between: the table is the whole truth (till-and-store-desk.md 3.15).

That a store refused, or let its clock run out, is the outcome of an assignment: the parcel itself is on its way to
another store then, and stands in `routing` again.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What one store has to do for one order, or what becomes of it."""

    ROUTING = "routing"
    ASKING = "asking"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    PICKING = "picking"
    PICKED = "picked"
    READY = "ready"
    PACKED = "packed"
    COURIER_CALLED = "courier_called"
    HANDED = "handed"
    DELIVERED = "delivered"
    NO_SHOW = "no_show"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class Mode(StrEnum):
    """How the goods reach the customer."""

    PICKUP = "pickup"
    DELIVERY = "delivery"
    SHIP = "ship"


class Outcome(StrEnum):
    """What became of asking one store; those of `REFUSALS` are remembered against it for this order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    MOVED = "moved"
    CANCELLED = "cancelled"


REFUSALS = frozenset({Outcome.REJECTED, Outcome.TIMED_OUT})

S = State
WAITING = frozenset({S.ROUTING, S.ASKING, S.ASSIGNED, S.ACCEPTED})
"""Nobody has touched the goods yet: the customer may cancel at once."""
IN_HAND = frozenset({S.PICKING, S.PICKED, S.READY, S.PACKED, S.COURIER_CALLED})
"""The goods are being put together, or lie ready, in the store."""
CLOSED = frozenset({S.DELIVERED, S.RETURNED, S.CANCELLED})
"""Nothing more happens."""
ON_THE_DESK = frozenset({S.ASSIGNED, S.ACCEPTED, *IN_HAND, S.HANDED, S.NO_SHOW, S.RETURNING})
"""What the store's own people have to do with, or wait for."""

#          event       from                                              to                past tense, for the journal
MOVES = {
    "assign": ({S.ROUTING, S.ASKING}, S.ASSIGNED, "parcel.assigned"),
    "ask": ({S.ROUTING}, S.ASKING, "parcel.asked"),
    "accept": ({S.ASSIGNED}, S.ACCEPTED, "parcel.accepted"),
    "reject": ({S.ASSIGNED, S.ACCEPTED, S.PICKING}, S.ROUTING, "parcel.rejected"),
    "time_out": ({S.ASSIGNED}, S.ROUTING, "parcel.timed_out"),
    "take_away": ({S.ASSIGNED, S.ACCEPTED, S.PICKING, S.PICKED}, S.ROUTING, "parcel.taken_away"),
    "start": ({S.ACCEPTED}, S.PICKING, "parcel.started"),
    "fill": ({S.PICKING}, S.PICKED, "parcel.filled"),
    "ready": ({S.PICKED}, S.READY, "parcel.readied"),
    "pack": ({S.PICKED}, S.PACKED, "parcel.packed"),
    "unpack": ({S.PACKED, S.COURIER_CALLED}, S.PICKING, "parcel.unpacked"),
    "call": ({S.PACKED}, S.COURIER_CALLED, "parcel.courier_called"),
    "hand": ({S.PACKED, S.COURIER_CALLED}, S.HANDED, "parcel.handed"),
    "collect": ({S.READY}, S.DELIVERED, "parcel.collected"),
    "carry_out": ({S.ROUTING}, S.DELIVERED, "parcel.carried_out"),
    "deliver": ({S.HANDED}, S.DELIVERED, "parcel.delivered"),
    "miss": ({S.READY}, S.NO_SHOW, "parcel.missed"),
    "fail": ({S.HANDED}, S.RETURNING, "parcel.failed"),
    "come_back": ({S.NO_SHOW, S.RETURNING}, S.RETURNED, "parcel.came_back"),
    "cancel": (set(WAITING | IN_HAND), S.CANCELLED, "parcel.cancelled"),
}
