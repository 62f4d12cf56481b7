"""Where an order of another channel may stand with us, and every step between: the table is the whole truth.

received --order--> ordered --cancel--> cancelled
   |  ^                                    ^
   |  '--again-- quarantined, rejected     | cancel
   '--cancel-------------------------------'
(a cancel that comes first) --> tombstone: whatever comes later is never placed
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`ordered` is one of our orders from then on; `quarantined` waits for a person, `rejected` is refused for good."""

    RECEIVED = "received"
    ORDERED = "ordered"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"
    TOMBSTONE = "tombstone"
    REJECTED = "rejected"


S = State

#          event         from                                      to              past tense, for the journal
MOVES = {
    "order": ({S.RECEIVED}, S.ORDERED, "intake.ordered"),
    "quarantine": ({S.RECEIVED}, S.QUARANTINED, "intake.quarantined"),
    "again": ({S.QUARANTINED, S.REJECTED}, S.RECEIVED, "intake.received"),
    "reject": ({S.RECEIVED, S.QUARANTINED}, S.REJECTED, "intake.rejected"),
    "cancel": ({S.RECEIVED, S.QUARANTINED, S.REJECTED, S.ORDERED}, S.CANCELLED, "intake.cancelled"),
}
