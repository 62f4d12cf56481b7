"""Where a till's document may stand: the table is the whole truth.

received --take--> taken        an order of ours
   |  |---know--> known         its online attempt had reached us: the order was there before
   |  '-except--> excepted --take--> taken
   |                  '--settle----> settled   a person saw to it otherwise; the money stays counted in the drawer
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`excepted` is on the desk with its reason; nothing is ever dropped."""

    RECEIVED = "received"
    TAKEN = "taken"
    KNOWN = "known"
    EXCEPTED = "excepted"
    SETTLED = "settled"


S = State

#          event     from                        to          past tense, for the journal
MOVES = {
    "take": ({S.RECEIVED, S.EXCEPTED}, S.TAKEN, "document.taken"),
    "know": ({S.RECEIVED, S.EXCEPTED}, S.KNOWN, "document.known"),
    "except": ({S.RECEIVED}, S.EXCEPTED, "document.excepted"),
    "settle": ({S.EXCEPTED}, S.SETTLED, "document.settled"),
}
