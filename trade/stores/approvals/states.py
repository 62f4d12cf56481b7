"""What a manager may be asked to approve, and where such a question may stand: the table is the whole truth.

asked --approve--> approved --use--> used
  |----refuse----> refused     |
  '---withdraw---> withdrawn <-'

Nothing is ended by time: what was not decided, or not used, until `until_at` is simply good for nothing any more.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """One action that needs a manager; each approval elevates exactly one."""

    DISCOUNT = "discount"
    PRICE_FLOOR = "price_floor"
    OLD_PRICE = "old_price"
    TAKE_OVER = "take_over"
    VOID = "void"
    NO_SALE = "no_sale"
    SELLERS = "sellers"
    RETURN = "return"
    LATE_RETURN = "late_return"
    BLIND_RETURN = "blind_return"
    OFFLINE_MODE = "offline_mode"
    TENDER_UNKNOWN = "tender_unknown"
    VARIANCE = "variance"
    SHIFT_GAP = "shift_gap"
    LATE_SHIFT = "late_shift"
    TEMPORARY_ITEM = "temporary_item"


class State(StrEnum):
    """`used` is the one that let something happen."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    USED = "used"


S = State

#             event      from                       to           past tense, for the journal
MOVES = {
    "approve": ({S.ASKED}, S.APPROVED, "approval.given"),
    "refuse": ({S.ASKED}, S.REFUSED, "approval.refused"),
    "withdraw": ({S.ASKED, S.APPROVED}, S.WITHDRAWN, "approval.withdrawn"),
    "use": ({S.APPROVED}, S.USED, "approval.used"),
}
