"""What becomes of a message: the table is the whole truth."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    NOT_AUTHORISED = "not_authorised"
    EXPIRED = "expired"
    GIVEN_UP = "given_up"


S = State

#   event       from           to                what happened
MOVES: dict[str, tuple[frozenset[State], State]] = {
    "send": (frozenset({S.QUEUED}), S.SENT),  # WeChat took it
    "fail": (frozenset({S.QUEUED}), S.FAILED),  # WeChat refused it for good, or its answer was lost
    "no_leave": (frozenset({S.QUEUED}), S.NOT_AUTHORISED),  # the member agreed to no way
    "expire": (frozenset({S.QUEUED}), S.EXPIRED),  # it would not be true any more
    "give_up": (frozenset({S.QUEUED}), S.GIVEN_UP),  # WeChat did not answer until it was too late
    "arrive": (frozenset({S.QUEUED, S.FAILED}), S.SENT),  # WeChat tells later that it was delivered
    "bounce": (frozenset({S.SENT}), S.FAILED),  # WeChat tells later that it was not
}
