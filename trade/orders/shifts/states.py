"""Where a shift may stand: the table is the whole truth (till-and-store-desk.md 3.8).

open --count--> counted --recount--> sealed --settle--> settled, with its Z number
                   '------keep-------^   '---force------^  a manager would not wait for what is missing

Until it is sealed nobody is told what the drawer should hold, but only whether the count differs.  Only an open shift
sells; a counted one waits for the sales that its till still has.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`counted` may be counted once more; `sealed` has its last count, and what was expected is told."""

    OPEN = "open"
    COUNTED = "counted"
    SEALED = "sealed"
    SETTLED = "settled"


class CashKind(StrEnum):
    """Cash that moves without a sale: into the drawer, out of it for a bill, or out of it to safe or bank."""

    PAID_IN = "paid_in"
    PAID_OUT = "paid_out"
    DROP = "drop"


S = State
TOLD = frozenset({S.SEALED, S.SETTLED})
"""What the drawer should have held is no secret any more."""

#          event      from         to          past tense, for the journal
MOVES = {
    "count": (S.OPEN, S.COUNTED, "shift.counted"),
    "recount": (S.COUNTED, S.SEALED, "shift.recounted"),
    "keep": (S.COUNTED, S.SEALED, "shift.count_kept"),
    "settle": (S.SEALED, S.SETTLED, "shift.settled"),
    "force": (S.SEALED, S.SETTLED, "shift.settled_with_gap"),
}
