"""A sale for cash as a till wrote it down: every fen of the receipt, and whether it adds up.  Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trade.orders.offline.document import FEN, Part, Said
from trade.orders.offline.ticket import TicketSaid


class ShareSaid(Part):
    """What one promotion, or a discount by hand, takes off a line."""

    source: Literal["promotion", "manual"]
    source_id: int = 0
    version: int = 0
    amount_fen: int = FEN


class LineSaid(Part):
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


class UseSaid(Part):
    """What the sale used of a promotion, and how many units it was worth something on."""

    promotion_id: int
    version: int
    units: int = Field(gt=0)
    off_fen: int = FEN


class HandSaid(Part):
    """A discount by hand: off a line, with its reason and what the line cost before it, or off all (no `line_no`)."""

    line_no: int | None = Field(None, ge=1, le=500)
    reason: Literal["damaged", "near_expiry", "shelf_price", "price_match", "goodwill"] | None = None
    before_fen: int = FEN
    off_fen: int = FEN


class SaleSaid(Said):
    """A sale for cash, or one whose customer paid the printed code (`static_qr`): exactly, and nothing is rounded.

    `join` stands for the phone of who wants to be a member: the SHA-256 of it behind a salt, both beside the document
    (`Aside`), so that the text which is kept for ever has no phone in it.
    """

    kind: Literal["sale"]
    payable_fen: int = FEN
    rounding_fen: int = Field(ge=-100, le=100)
    catalogue: int = Field(ge=0)
    rules: int = Field(ge=0)
    member_id: int | None = None
    join: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    tier: str | None = Field(None, max_length=20)
    approved_by: int | None = None
    approved_why: str = Field("", max_length=200)
    by_hand: list[HandSaid] = Field(default_factory=list, max_length=501)
    lines: list[LineSaid] = Field(min_length=1, max_length=500)
    uses: list[UseSaid] = Field(default_factory=list, max_length=60)
    received_fen: int = FEN
    change_fen: int = FEN
    ticket: TicketSaid | None = None
    tender: Literal["cash", "static_qr"] = "cash"

    @property
    def not_cash_fen(self) -> int:
        """All of it where the code was paid."""
        return self.payable_fen if self.tender == "static_qr" else 0


def fault(said: SaleSaid) -> str:
    """Where a sale contradicts itself: `line`, `sum`, `cash`, `code`, `hand`, `uses`; empty where every fen adds up."""
    if any(line.list_fen - sum(share.amount_fen for share in line.shares) != line.net_fen for line in said.lines):
        return "line"
    if sum(line.net_fen for line in said.lines) != said.payable_fen:
        return "sum"
    if said.tender == "static_qr":
        if said.received_fen or said.change_fen or said.rounding_fen or not said.payable_fen:
            return "code"
    elif said.received_fen - said.change_fen != said.payable_fen + said.rounding_fen:
        return "cash"
    if not _hand_adds_up(said):
        return "hand"
    shared: dict[tuple[int, int], int] = {}
    for share in (share for line in said.lines for share in line.shares if share.source == "promotion"):
        key = (share.source_id, share.version)
        shared[key] = shared.get(key, 0) + share.amount_fen
    return (
        "" if shared == {(use.promotion_id, use.version): use.off_fen for use in said.uses if use.off_fen} else "uses"
    )


def _hand_adds_up(said: SaleSaid) -> bool:
    """Each discount by hand is of a line that is there, and within what was taken off there; labels take off, too."""
    offs = [sum(share.amount_fen for share in line.shares if share.source == "manual") for line in said.lines]
    for one in said.by_hand:
        if one.line_no is not None and (one.line_no > len(offs) or one.off_fen > offs[one.line_no - 1]):
            return False
    return sum(one.off_fen for one in said.by_hand) <= sum(offs)
