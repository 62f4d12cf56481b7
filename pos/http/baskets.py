"""What lies on the counter, as tills send it: for a quote, a sale, a basket put aside, a voided one."""

from __future__ import annotations

from typing import Any, Literal

from flask import g
from pydantic import Field

from config.http import Form, session
from trade.orders import place
from trade.pricing import labelled
from trade.pricing.quoted import ByHand, Want

HELD_ID = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class LineForm(Form):
    """A sku and how much of it: pieces, or grams of weighed goods."""

    sku_id: int
    qty: int = Field(gt=0, le=1_000_000)


class HandForm(Form):
    """A line made cheaper by hand: `off_fen` off it, or `unit_price_fen` for a piece or kg; and why."""

    reason: Literal["damaged", "near_expiry", "shelf_price", "price_match", "goodwill", "held_price"]
    off_fen: int = Field(0, ge=0, le=100_000_000)
    unit_price_fen: int | None = Field(None, ge=0, le=100_000_000)


class SellerForm(Form):
    """A colleague who sold a line, and their part of it in basis points."""

    staff_id: int
    bp: int = Field(ge=1, le=10_000)


class SaleLineForm(LineForm):
    """A line of a sale, perhaps cheaper by hand, or handed over by another store.

    `label` is the goods' own as it was scanned, where its price is what they cost; `sellers` are at most three.
    """

    hand: HandForm | None = None
    note: str = Field("", max_length=60)
    sellers: list[SellerForm] = Field(default_factory=list, max_length=3)
    label: str | None = Field(None, pattern=r"^[\x1d!-~]{8,90}$")
    at_store_id: int | None = None


class CounterForm(Form):
    """What lies on the counter; `barred` are promotions not wanted.

    `authorisation` is the token of a shown member code or a manager's approval.
    """

    lines: list[SaleLineForm] = Field(min_length=1, max_length=200)
    member_id: int | None = None
    points: int = Field(0, ge=0, le=100_000_000)
    discount_fen: int = Field(0, ge=0, le=100_000_000)
    authorisation: str | None = Field(None, max_length=40)
    wallet_fen: int = Field(0, ge=0, le=100_000_000)
    coupon_ids: list[int] = Field(default_factory=list, max_length=10)
    barred: list[int] = Field(default_factory=list, max_length=50)

    @property
    def by_hand(self) -> bool:
        """Whether anything of it is cheaper by hand, or by a label."""
        return self.discount_fen > 0 or any(line.hand or line.label for line in self.lines)


class Noted(Form):
    """What is noted with the whole basket; with `print_notes` the receipt says it, and what is noted with lines."""

    note: str = Field("", max_length=120)
    print_notes: bool = False


def basket(form: CounterForm, store_id: int) -> place.Basket:
    """The form as the domain's basket.

    :raises LabelMismatch, BadCheckDigit, LabelEmpty, BadGS1: a line's label is not of its goods.
    """
    marked = [(line.sku_id, line.qty, line.label) for line in form.lines if line.label]
    by_label = labelled.by_label(session(), store_id, marked, now=g.now) if marked else {}
    wants = [
        Want(
            line.sku_id,
            line.qty,
            ByHand(**line.hand.model_dump()) if line.hand else by_label.get(line.label or ""),
            None if line.at_store_id == store_id else line.at_store_id,
        )
        for line in form.lines
    ]
    more: dict[str, Any] = {"wallet_fen": form.wallet_fen, "coupon_ids": form.coupon_ids, "barred": form.barred}
    return place.Basket(store_id, wants, form.member_id, form.points, form.discount_fen, **more)
