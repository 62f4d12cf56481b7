"""What a till says of its shift without waiting for us: that it was opened, and what was counted.  Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.errors import Malformed
from trade.orders.offline.document import FEN, Part, Said
from trade.orders.shifts import counts

PIECES = Field(max_length=len(counts.FACES))


class OpenSaid(Said):
    """A shift that was opened without network: its float, piece by piece."""

    kind: Literal["open"]
    pieces: dict[int, int] = PIECES


class Unsent(Part):
    """A document that the till had not delivered when it was counted."""

    no: str = Field(max_length=24)
    fen: int = FEN


class SealSaid(Said):
    """The count of a shift, the first or (`again`) the second, and what the till had not delivered by then."""

    kind: Literal["seal"]
    again: bool = False
    pieces: dict[int, int] = PIECES
    taken_fen: int = Field(0, ge=0, le=100_000_000)
    unsent: list[Unsent] = Field(default_factory=list, max_length=20_000)


def fault(said: OpenSaid | SealSaid) -> str:
    """`count` where it cannot have been counted so."""
    try:
        fen = counts.worth(said.pieces)
    except Malformed:
        return "count"
    if isinstance(said, OpenSaid):
        return "" if said.shift_uuid else "shape"
    return "count" if said.taken_fen > fen else ""
