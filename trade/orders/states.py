"""Where an order may stand, and every step between: the table is the whole truth."""

from __future__ import annotations

from enum import StrEnum

from trade.stock.channels.models import PLATFORMS


class State(StrEnum):
    """The headline of an order."""

    PLACED = "placed"
    PAID = "paid"
    PREPARING = "preparing"
    READY = "ready"
    DONE = "done"
    CANCELLED = "cancelled"


S = State

#          event      from                        to           past tense, for the journal
MOVES = {
    "pay": ({S.PLACED}, S.PAID, "order.paid"),
    "accept": ({S.PAID}, S.PREPARING, "order.accepted"),
    "ready": ({S.PREPARING}, S.READY, "order.readied"),
    "collect": ({S.READY}, S.DONE, "order.collected"),
    "revive": ({S.CANCELLED}, S.PAID, "order.revived"),
    "expire": ({S.PLACED}, S.CANCELLED, "order.expired"),
    "cancel": ({S.PLACED, S.PAID}, S.CANCELLED, "order.cancelled"),
    "refuse": ({S.PAID, S.PREPARING, S.READY}, S.CANCELLED, "order.refused"),
}  # a return is a document with lines: "partly returned" is counted, never stored

#          channel   born in     past tense
BIRTHS = {"till": (S.DONE, "order.sold"), "mall": (S.PLACED, "order.placed")} | dict.fromkeys(
    PLATFORMS, (S.PLACED, "order.placed")
)
