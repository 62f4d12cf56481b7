"""Where an invoice stands: the table is the whole truth.

requested --issue--> issued --ask_back--> reversing --reverse--> reversed
    '-----refuse---> refused   ^-------------keep--------'
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`reversing`: its red letter was asked for and is not here yet."""

    REQUESTED = "requested"
    ISSUED = "issued"
    REFUSED = "refused"
    REVERSING = "reversing"
    REVERSED = "reversed"


S = State

#              event       from            to           past tense, for the journal
MOVES = {
    "issue": ({S.REQUESTED}, S.ISSUED, "invoice.issued"),
    "refuse": ({S.REQUESTED}, S.REFUSED, "invoice.refused"),
    "ask_back": ({S.ISSUED}, S.REVERSING, "invoice.asked_back"),
    "keep": ({S.REVERSING}, S.ISSUED, "invoice.kept"),
    "reverse": ({S.REVERSING}, S.REVERSED, "invoice.reversed"),
}
LIVE = (S.REQUESTED, S.ISSUED, S.REVERSING)
"""An order has at most one of these."""
OWED = (S.REQUESTED, S.REVERSING)
"""What the service has to be told of."""
