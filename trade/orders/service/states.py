"""Where a ticket stands, and every step between: the table is the whole truth."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class State(StrEnum):
    """WAITING for us, ANSWERED and waiting for the customer, CLOSED for good."""

    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"


class Kind(StrEnum):
    """What it is about."""

    ORDER = "order"
    GOODS = "goods"
    REFUND = "refund"
    COMPLAINT = "complaint"
    OTHER = "other"


S = State
#            event       from                     to          past tense, for the journal
MOVES = {
    "answer": ({S.WAITING, S.ANSWERED}, S.ANSWERED, "ticket.answered"),
    "write": ({S.WAITING, S.ANSWERED}, S.WAITING, "ticket.written"),
    "hand_on": ({S.WAITING}, S.WAITING, "ticket.handed_on"),
    "close": ({S.WAITING, S.ANSWERED}, S.CLOSED, "ticket.closed"),
}

DUE = {Kind.ORDER: 4 * HOUR, Kind.GOODS: DAY, Kind.REFUND: 4 * HOUR, Kind.COMPLAINT: 2 * HOUR, Kind.OTHER: DAY}
"""How soon we answer."""
QUIET = 3 * DAY
"""So long the customer may say nothing to an answer; then it closes."""
