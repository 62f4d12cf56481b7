"""The canonical document of an order that another channel took, whatever that channel's own form.

Money is fen and as received: nothing is priced again.  Of each line

    list_fen - sum of its discounts = what the buyer paid for it,   and   sum over lines + freight_fen = paid_fen

A discount names who bears it: `platform` owes it to us (a funded share), `merchant` is ours.
Worked: list 1980 + 650, platform 300 and merchant 130 off the first, freight 600:
(1980 - 430) + 650 + 600 = 2800 = paid_fen; the platform owes us 2800 + 300.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from member.secrets import fingerprint, open_sealed, seal
from trade.orders.addresses import Address

MOST_LINES = 100
Fen = Field(ge=0, le=10_000_000_00)
_STRICT = ConfigDict(extra="forbid")


class ReceiverForm(BaseModel):
    """Who receives it: `region` is the district's code of six digits (GB/T 2260)."""

    model_config = _STRICT
    name: str = Field(min_length=1, max_length=40)
    phone: str = Field(min_length=3, max_length=30)
    region: str = Field(max_length=6)
    region_name: str = Field(max_length=60)
    street: str = Field(max_length=200)
    lat_e6: int | None = Field(None, ge=-90_000_000, le=90_000_000)
    lng_e6: int | None = Field(None, ge=-180_000_000, le=180_000_000)


class DiscountForm(BaseModel):
    """What one discount took off a line, and who bears it."""

    model_config = _STRICT
    name: str = Field("", max_length=60)
    fen: int = Field(gt=0, le=10_000_000_00)
    payer: Literal["platform", "merchant"]


class LineForm(BaseModel):
    """One line: `sku` is the channel's own, `qty` pieces, or grams of weighed goods; tax is kept and not used."""

    model_config = _STRICT
    sku: str = Field(min_length=1, max_length=64)
    title: str = Field("", max_length=200)
    qty: int = Field(gt=0, le=10_000_000)
    unit_price_fen: int = Fen
    list_fen: int = Fen
    tax_fen: int = Field(0, ge=0, le=10_000_000_00)
    discounts: list[DiscountForm] = Field(default_factory=list, max_length=20)


class DocumentForm(BaseModel):
    """One order as its channel tells it; already paid there.  A higher `revision` replaces a lower one.

    `may_split` false: the channel, or its buyer, wants it from one store; it may be split unless they say so.
    """

    model_config = _STRICT
    external_no: str = Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")
    revision: int = Field(1, ge=1, le=1_000_000)
    placed_at: AwareDatetime
    paid_at: AwareDatetime
    promise_at: AwareDatetime | None = None
    mode: Literal["ship", "delivery"] = "ship"
    receiver: ReceiverForm
    remark: str = Field("", max_length=200)
    may_split: bool | None = None
    freight_fen: int = Field(0, ge=0, le=1_000_000_00)
    paid_fen: int = Fen
    lines: list[LineForm] = Field(min_length=1, max_length=MOST_LINES)

    def document(self) -> Document:
        """As the house works with it."""
        whole = self.model_dump(mode="json")
        if whole["may_split"] is None:
            del whole["may_split"]  # a document that does not say reads as it did before there was the word
        receiver = whole.pop("receiver")
        return Document(self.external_no, self.revision, whole, receiver)


class CancelForm(BaseModel):
    """The buyer does not want it any more; it may come before the order itself."""

    model_config = _STRICT
    external_no: str = Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")
    reason: str = Field("", max_length=100)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document; `platform_fen` is owed by the platform, `merchant_fen` by nobody."""

    sku: str
    qty: int
    unit_price_fen: int
    list_fen: int
    platform_fen: int
    merchant_fen: int

    @property
    def net_fen(self) -> int:
        """What the buyer paid for it; negative when the discounts are more than the goods."""
        return self.list_fen - self.platform_fen - self.merchant_fen


@dataclass(frozen=True, slots=True)
class Document:
    """A document: `raw` is it as JSON without its `receiver`."""

    external_no: str
    revision: int
    raw: dict[str, Any]
    receiver: dict[str, Any]

    @classmethod
    def kept(cls, row: Any) -> Self:
        """From a row of `intake_document` whose receiver is not forgotten."""
        receiver = json.loads(open_sealed(bytes(row.receiver_sealed)))
        return cls(row.external_no, row.revision, row.raw, receiver)

    def print(self) -> bytes:
        """The same for the same content, whatever the order of its keys."""
        return fingerprint("intake", json.dumps([self.raw, self.receiver], sort_keys=True, ensure_ascii=False))

    def sealed(self) -> bytes:
        """The receiver as it is kept."""
        return seal(json.dumps(self.receiver, ensure_ascii=False).encode())

    def address(self) -> Address:
        """Where it goes."""
        return Address(**self.receiver)

    def lines(self) -> list[Line]:
        """Its lines in order."""
        return [
            Line(
                line["sku"],
                line["qty"],
                line["unit_price_fen"],
                line["list_fen"],
                sum(one["fen"] for one in line["discounts"] if one["payer"] == "platform"),
                sum(one["fen"] for one in line["discounts"] if one["payer"] == "merchant"),
            )
            for line in self.raw["lines"]
        ]

    @property
    def paid_fen(self) -> int:
        """What the buyer paid, in fen."""
        return int(self.raw["paid_fen"])

    @property
    def freight_fen(self) -> int:
        """Freight among it, in fen."""
        return int(self.raw["freight_fen"])

    @property
    def may_split(self) -> bool:
        """Whether several stores may send it; a channel that does not say leaves it to us."""
        return bool(self.raw.get("may_split", True))

    def at(self, name: str) -> datetime | None:
        """One of its moments."""
        return datetime.fromisoformat(self.raw[name]) if self.raw[name] else None

    def off_by_fen(self) -> int:
        """How far its parts are from `paid_fen`; 0 when it adds up."""
        lines = self.lines()
        if any(line.net_fen < 0 for line in lines):
            return max(-line.net_fen for line in lines)
        return abs(sum(line.net_fen for line in lines) + self.freight_fen - self.paid_fen)

    def goods(self) -> dict[str, Any]:
        """What of it may not change once it is an order: all but receiver and remark."""
        return {name: value for name, value in self.raw.items() if name not in ("remark", "revision", "promise_at")}
