"""Goods of a sale without network that came back without network, for the cash that was paid for them.  Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trade.orders.offline.document import FEN, UUID, Part, Said


class BackLine(Part):
    """Units of a line of the sale."""

    line_no: int = Field(ge=1, le=500)
    qty: int = Field(gt=0, le=1_000_000)


class BackSaid(Said):
    """A return of units of the sale whose document is `sale`; `payable_fen` is the cash that was given back."""

    kind: Literal["back"]
    sale: str = Field(pattern=UUID)
    lines: list[BackLine] = Field(min_length=1, max_length=500)
    payable_fen: int = FEN
    reason: str = Field("", max_length=100)


def fault(said: BackSaid) -> str:
    """A line that is named twice is `line`."""
    return "line" if len({line.line_no for line in said.lines}) < len(said.lines) else ""
