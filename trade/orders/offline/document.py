"""One sale as a till wrote it down without us: what it says, and whether it adds up.  Pure.

The till sends the very text that it hashed, so that both sides hash the same bytes.  `prev` is the hash of the document
before it on this device, or 64 zeros; `at_ms` is the device's clock and `offset_ms` what it knew to be ahead of ours.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trade.pricing.promotions.book import from_ms

NOTHING = "0" * 64
FEN = Field(ge=0, le=100_000_000)
AHEAD = timedelta(minutes=5)
"""How far a document's corrected time may be ahead of ours before it is taken as now."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShareSaid(_Part):
    """What one promotion, or a discount by hand, takes off a line."""

    source: Literal["promotion", "manual"]
    source_id: int = 0
    version: int = 0
    amount_fen: int = FEN


class LineSaid(_Part):
    """A line of the receipt."""

    sku_id: int
    name: str = Field(max_length=200)
    spec: str = Field(max_length=100)
    unit: str = Field(max_length=20)
    weighed: bool
    qty: int = Field(gt=0, le=1_000_000)
    unit_price_fen: int = FEN
    list_fen: int = FEN
    net_fen: int = FEN
    gift: bool = False
    shares: list[ShareSaid] = Field(default_factory=list, max_length=60)


class UseSaid(_Part):
    """What the sale used of a promotion, and how many units it was worth something on."""

    promotion_id: int
    version: int
    units: int = Field(gt=0)
    off_fen: int = FEN


class Head(BaseModel):
    """What every document has, sound or not: its name, its place in the chain, its time and its money."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    uuid: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    no: str = Field(pattern=r"^[0-9A-Z-]{6,24}$")
    device: str = Field(pattern=r"^[0-9a-f-]{36}$")
    seq: int = Field(ge=1, le=10**9)
    prev: str = Field(pattern=r"^[0-9a-f]{64}$")
    at_ms: int = Field(ge=0, le=10**14)
    offset_ms: int = Field(ge=-(10**12), le=10**12)
    payable_fen: int = FEN
    rounding_fen: int = Field(ge=-100, le=100)


class Said(Head):
    """A sale for cash, every fen of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    v: Literal[1]
    kind: Literal["sale"]
    shift_id: int
    staff_id: int
    catalogue: int = Field(ge=0)
    rules: int = Field(ge=0)
    member_id: int | None = None
    tier: str | None = Field(None, max_length=20)
    approved_by: int | None = None
    lines: list[LineSaid] = Field(min_length=1, max_length=500)
    uses: list[UseSaid] = Field(default_factory=list, max_length=60)
    received_fen: int = FEN
    change_fen: int = FEN


class NotSound(Exception):
    """The document contradicts itself; the word says where."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it came: its head, its text and the hash of that text; `said` is None where it is not sound, and
    `fault` says where (`shape`, `line`, `sum`, `cash`, `uses`).
    """

    head: Head
    text: str
    hash: bytes
    said: Said | None
    fault: str

    def sold_at(self, now: datetime) -> datetime:
        """When it was sold by our clock: the device's corrected by what it knew, and never after now."""
        at = from_ms(self.head.at_ms - self.head.offset_ms)
        return min(at, now) if at <= now + AHEAD else now


def digest(text: str) -> bytes:
    """The link of a document in its chain."""
    return hashlib.sha256(text.encode()).digest()


def read(text: str) -> Document:
    """The document in a text, sound or not.

    :raises NotSound: not even its head can be read, so that nobody knows what it is.
    """
    try:
        head = Head.model_validate_json(text)
    except ValidationError as error:
        raise NotSound("head") from error
    said, fault = None, "shape"
    with suppress(ValidationError):
        said = Said.model_validate_json(text)
        fault = _fault(said)
    return Document(head, text, digest(text), None if fault else said, fault)


def _fault(said: Said) -> str:
    if any(line.list_fen - sum(share.amount_fen for share in line.shares) != line.net_fen for line in said.lines):
        return "line"
    if sum(line.net_fen for line in said.lines) != said.payable_fen:
        return "sum"
    if said.received_fen - said.change_fen != said.payable_fen + said.rounding_fen:
        return "cash"
    shared: dict[tuple[int, int], int] = {}
    for share in (share for line in said.lines for share in line.shares if share.source == "promotion"):
        key = (share.source_id, share.version)
        shared[key] = shared.get(key, 0) + share.amount_fen
    return (
        "" if shared == {(use.promotion_id, use.version): use.off_fen for use in said.uses if use.off_fen} else "uses"
    )
