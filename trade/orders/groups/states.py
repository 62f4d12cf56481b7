"""Where a group of buyers and a place in it may stand, and every step between: two tables, the whole truth."""

from __future__ import annotations

from enum import StrEnum


class Group(StrEnum):
    """OPEN waits for buyers; FORMED is for ever, whoever leaves later."""

    OPEN = "open"
    FORMED = "formed"
    FAILED = "failed"


class Seat(StrEnum):
    """ASKED is an order that is not paid; it keeps no place.  LEFT gave it back with its money."""

    ASKED = "asked"
    TAKEN = "taken"
    LEFT = "left"


#         event     from            to            past tense, for the journal
MOVES = {"form": ({Group.OPEN}, Group.FORMED, "group.formed"), "fail": ({Group.OPEN}, Group.FAILED, "group.failed")}
SEAT_MOVES = {"take": ({Seat.ASKED}, Seat.TAKEN), "leave": ({Seat.TAKEN}, Seat.LEFT)}
