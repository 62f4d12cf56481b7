"""Where money stands that came when nothing waited for it."""

from __future__ import annotations

from enum import StrEnum


class LateState(StrEnum):
    """`restored`: the order goes on in its store; `moved`: in another; `refunded`: WeChat has taken it back in full."""

    OPEN = "open"
    RESTORED = "restored"
    MOVED = "moved"
    REFUNDED = "refunded"


class Cause(StrEnum):
    """Why nothing waited: the order had ended unpaid, had ended after it was paid, was paid already; or a top-up."""

    ENDED_UNPAID = "ended_unpaid"
    ENDED_PAID = "ended_paid"
    OVERPAID = "overpaid"
    TOP_UP = "top_up"


S = LateState

#            from      to
MOVES = {"restore": ({S.OPEN}, S.RESTORED), "move": ({S.OPEN}, S.MOVED), "refund": ({S.OPEN}, S.REFUNDED)}
