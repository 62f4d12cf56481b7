"""Where a promotion may stand, and every step between: the table is the whole truth."""

from __future__ import annotations

from enum import StrEnum


class PromotionState(StrEnum):
    """A draft was never published; a paused or ended one is in no book."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class Scope(StrEnum):
    """Over what a quota counts: everything, one member, one day of the store's calendar, one store."""

    TOTAL = "total"
    MEMBER = "member"
    DAY = "day"
    STORE = "store"


S = PromotionState

#          event      from                         to
MOVES = {
    "publish": ({S.DRAFT, S.LIVE}, S.LIVE),  # of a live one: its next version
    "pause": ({S.LIVE}, S.PAUSED),
    "resume": ({S.PAUSED}, S.LIVE),
    "end": ({S.DRAFT, S.LIVE, S.PAUSED}, S.ENDED),
}
