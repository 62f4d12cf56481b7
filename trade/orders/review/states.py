"""Where an order stands in review, and why it may be held: two tables, the whole truth (members-mall-orders.md 3.7)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from trade.exceptions.kinds import FINANCE, HOUR, MINUTE, OFFICE, STORE


class Review(StrEnum):
    """NONE is an order that was flagged before anybody judged it."""

    NONE = "none"
    AUTO_PASSED = "auto_passed"
    HOLD = "hold"
    PASSED = "passed"
    REJECTED = "rejected"


R = Review

#          event      from      to             past tense, for the journal
MOVES = {
    "pass": ({R.NONE}, R.AUTO_PASSED, "review.auto_passed"),
    "hold": ({R.NONE}, R.HOLD, "review.held"),
    "release": ({R.HOLD}, R.PASSED, "review.released"),
    "reject": ({R.HOLD}, R.REJECTED, "review.rejected"),
}

WAITS = frozenset({"group"})
"""Why an order is not judged yet: nobody is asked, for what it waits for comes by itself (`orders/groups/`)."""

#   reason          who decides   how soon
REASONS: dict[str, tuple[str, timedelta]] = {
    "remark": (STORE, 30 * MINUTE),
    "address": (STORE, 30 * MINUTE),
    "duplicate": (STORE, 30 * MINUTE),
    "floor": (OFFICE, HOUR),
    "risk": (OFFICE, HOUR),
    "unmapped_sku": (OFFICE, HOUR),
    "credit": (FINANCE, 4 * HOUR),
}
