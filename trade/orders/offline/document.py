"""What a till wrote down without us: the text it hashed, its place in the chain, and who was there.  Pure.

The till sends the very text that it hashed, so that both sides hash the same bytes.  `prev` is the hash of the document
before it on this device, or 64 zeros; `at_ms` is the device's clock and `offset_ms` what it knew to be ahead of ours.
What a document says besides is its kind's (`kinds.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from trade.pricing.promotions.book import from_ms

NOTHING = "0" * 64
UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
FEN = Field(ge=0, le=100_000_000)
AHEAD = timedelta(minutes=5)
"""How far a document's corrected time may be ahead of ours before it is taken as now."""


class Part(BaseModel):
    """A piece of a document."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(BaseModel):
    """What every document has, sound or not: its name, its place in the chain, its time and its money."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    kind: str = Field(pattern=r"^[a-z_]{1,20}$")
    uuid: str = Field(pattern=UUID)
    no: str = Field(pattern=r"^[0-9A-Z-]{6,24}$")
    device: str = Field(pattern=r"^[0-9a-f-]{36}$")
    seq: int = Field(ge=1, le=10**9)
    prev: str = Field(pattern=r"^[0-9a-f]{64}$")
    at_ms: int = Field(ge=0, le=10**14)
    offset_ms: int = Field(ge=-(10**12), le=10**12)
    payable_fen: int = Field(0, ge=0, le=100_000_000)
    rounding_fen: int = Field(0, ge=-100, le=100)

    @property
    def stake_fen(self) -> int:
        """What is at stake where it cannot be booked: the cash that it moved."""
        return self.payable_fen + self.rounding_fen


class Said(Head):
    """What a sound document of any kind says: its form, who stood at the till, and in which shift.

    A shift that was opened without network has only the name that its till gave it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    v: Literal[1]
    staff_id: int
    shift_id: int = 0
    shift_uuid: str | None = Field(None, pattern=UUID)

    @property
    def not_cash_fen(self) -> int:
        """What of its money is in no drawer."""
        return 0


@dataclass(frozen=True, slots=True)
class Aside:
    """What comes beside a document and is not kept: the phone of who wants to be a member, its salt, and a name."""

    phone: str
    salt: str
    name: str

    def bears(self, join: str) -> bool:
        """Whether it is what the document was written with."""
        return hashlib.sha256(f"{self.salt}:{self.phone}".encode()).hexdigest() == join


class NotSound(Exception):
    """Nobody can read what the document is."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it came: its head, its text and the hash of that text; `said` is None where it is not sound, and
    `fault` says where (`shape` of any, `kind` of one that we do not know, and the words of its kind).
    """

    head: Head
    text: str
    hash: bytes
    said: Said | None
    fault: str

    def sold_at(self, now: datetime) -> datetime:
        """When it was written by our clock: the device's corrected by what it knew, and never after now."""
        at = from_ms(self.head.at_ms - self.head.offset_ms)
        return min(at, now) if at <= now + AHEAD else now


def digest(text: str) -> bytes:
    """The link of a document in its chain."""
    return hashlib.sha256(text.encode()).digest()
