"""Where an order may stand, and every step between: the table is the whole truth.

What the stores do for it is the parcels' (`trade/fulfilment/states.py`), whether somebody must look at it first the
review's, and what came back the returns': the headline that people see is derived from all of them (`headline.py`).
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The order's own axis: `paid` has all its money, `confirmed` is with the stores, `done` is with the customer."""

    PLACED = "placed"
    PAID = "paid"
    CONFIRMED = "confirmed"
    DONE = "done"
    CANCELLED = "cancelled"


S = State

#          event      from                        to           past tense, for the journal
MOVES = {
    "pay": ({S.PLACED}, S.PAID, "order.paid"),
    "confirm": ({S.PAID}, S.CONFIRMED, "order.confirmed"),
    "sell": ({S.PLACED}, S.DONE, "order.sold"),
    "finish": ({S.CONFIRMED}, S.DONE, "order.completed"),
    "revive": ({S.CANCELLED}, S.PAID, "order.revived"),
    "expire": ({S.PLACED}, S.CANCELLED, "order.expired"),
    "cancel": ({S.PLACED, S.PAID, S.CONFIRMED}, S.CANCELLED, "order.cancelled"),
    "refuse": ({S.PAID, S.CONFIRMED}, S.CANCELLED, "order.refused"),
}  # a return is a document with lines: "partly returned" is counted, never stored

SOLD, WAITS = (S.DONE, "order.sold"), (S.PLACED, "order.placed")


def birth(channel: str, *, paid: bool) -> tuple[State, str]:
    """The state an order is born in, and the past tense: what is paid at the till leaves it at once."""
    return SOLD if channel == "till" and paid else WAITS
