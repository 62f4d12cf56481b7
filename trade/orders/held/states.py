"""Where a held basket may stand: the table is the whole truth.

held --resume--> editing --hold--> held      under a lease, and with a version that grows with every change of hands
  |                |---drop-> dropped        voided; who, and by whose word, is written down
  |                |---sell-> sold           with its order
  |                '-expire-> expired
  '----------expire---------> expired        at the end of the business day

A till that was without network sells what it holds: the sale is a fact, so `sell_as_fact` begins anywhere.  `sold`
is never left again, but for a sale that a payment code did not pay: its order is cancelled, and nothing was sold.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`editing` is on some till's counter until `lease_until`; then anybody may take it over."""

    HELD = "held"
    EDITING = "editing"
    SOLD = "sold"
    DROPPED = "dropped"
    EXPIRED = "expired"


S = State

#                  event                   from                              to           past tense, for the journal
MOVES = {
    "resume":       ({S.HELD, S.EDITING, S.SOLD},                         S.EDITING, "held.resumed"),
    "hold":         ({S.EDITING, S.SOLD},                                 S.HELD,    "held.put_back"),
    "sell":         ({S.HELD, S.EDITING, S.SOLD},                         S.SOLD,    "held.sold"),
    "sell_as_fact": ({S.HELD, S.EDITING, S.SOLD, S.DROPPED, S.EXPIRED},   S.SOLD,    "held.sold"),
    "drop":         ({S.HELD, S.EDITING, S.SOLD},                         S.DROPPED, "held.dropped"),
    "expire":       ({S.HELD, S.EDITING},                                 S.EXPIRED, "held.expired"),
}  # fmt: skip
