"""Where a payment by the printed code may stand: the table is the whole truth."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`seen` is a person's word that the money is there; `proved` is WeChat's."""

    UNPROVED = "unproved"
    MISSING = "missing"
    PROVED = "proved"
    SEEN = "seen"


S = State

#         event    from                       to          past tense, for the journal
MOVES = {
    "prove": ({S.UNPROVED, S.MISSING}, S.PROVED, "static_qr.proved"),
    "miss": ({S.UNPROVED}, S.MISSING, "static_qr.missed"),
    "see": ({S.UNPROVED, S.MISSING}, S.SEEN, "static_qr.seen"),
}
