"""Where an order may stand, and every step between: the table is the whole truth.

What the stores do for it is the parcels' (`trade/fulfilment/states.py`), whether somebody must look at it first the
review's, and what came back the returns': the headline that people see is derived from all of them (`headline.py`).
"""

from __future__ import annotations

from enum import StrEnum

from trade.stock.channels.models import PLATFORMS


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
    "finish": ({S.CONFIRMED}, S.DONE, "order.completed"),
    "revive": ({S.CANCELLED}, S.PAID, "order.revived"),
    "expire": ({S.PLACED}, S.CANCELLED, "order.expired"),
    "cancel": ({S.PLACED, S.PAID, S.CONFIRMED}, S.CANCELLED, "order.cancelled"),
    "refuse": ({S.PAID, S.CONFIRMED}, S.CANCELLED, "order.refused"),
}  # a return is a document with lines: "partly returned" is counted, never stored

#          channel   born in     past tense
BIRTHS = {"till": (S.DONE, "order.sold"), "mall": (S.PLACED, "order.placed")} | dict.fromkeys(
    PLATFORMS, (S.PLACED, "order.placed")
)
