"""Where the telling of one payment stands, and every step between: the table is the whole truth."""

from __future__ import annotations

from enum import StrEnum


class ShipState(StrEnum):
    """`waiting`: nothing left that could be told; `due`: something did; `told`: WeChat has it all.

    `ended`: nothing is to be told any more, because the money went back or somebody told WeChat by hand.
    """

    WAITING = "waiting"
    DUE = "due"
    TOLD = "told"
    ENDED = "ended"


S = ShipState
FROZEN = frozenset({S.WAITING, S.DUE})
"""WeChat keeps the money."""

#            from                 to
MOVES = {
    "fall_due": ({S.WAITING, S.DUE}, S.DUE),
    "wait": ({S.DUE}, S.WAITING),
    "tell": ({S.DUE}, S.TOLD),
    "correct": ({S.TOLD}, S.DUE),
    "miss": ({S.TOLD}, S.DUE),
    "end": ({S.WAITING, S.DUE}, S.ENDED),
}
"""`wait`: a part was told and more follows, or what had left came back; `correct`: the one correction that a payment
allows; `miss`: WeChat does not have what it took."""
