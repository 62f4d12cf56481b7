"""拼团 for the head office: make an offer, see how its groups fare, find goods for one.

To pause or end one is as for every promotion (`promotions.py`).
"""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field, NaiveDatetime
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.orders.groups import office
from trade.pricing.promotions import drafts, moves
from trade.pricing.rules import Kind

bp = blueprint("group_offers", "/api/desk/group-offers", who.identify)


class PageQuery(Form):
    """Where the last page ended."""

    before: int | None = None


class GoodsQuery(Form):
    """A name, pinyin, or a barcode."""

    q: str = Field("", max_length=60)


class PricedForm(Form):
    """A sku and its group price, per kilogram of weighed goods."""

    sku_id: int
    price_fen: int


class OfferForm(WriteForm):
    """An offer; dates are by the shop's clock, 0 units is no limit."""

    name: str = Field(min_length=1, max_length=40)
    goods: list[PricedForm] = Field(min_length=1, max_length=50)
    people: int = Field(ge=2, le=100)
    fill_minutes: int = Field(ge=10, le=7 * 24 * 60)
    starts: NaiveDatetime
    ends: NaiveDatetime
    member_units: int = Field(0, ge=0, le=1_000_000)
    total_units: int = Field(0, ge=0, le=1_000_000)

    def draft(self) -> drafts.Draft:
        """The form as a promotion; raises PromotionNotSound."""
        quotas = {"member_units": self.member_units or None, "total_units": self.total_units or None}
        plain = self.model_dump(exclude={"request_id", "member_units", "total_units", "goods"})
        prices = {one.sku_id: one.price_fen for one in self.goods}
        return drafts.understood({**plain, "kind": Kind.GROUP, "prices": prices, "quotas": quotas})


@bp.get("")
@permit("office.read")
@bp.input(PageQuery, location="query")
def offers(query_data: PageQuery) -> Reply:
    """Group offers, newest first, 20 a page, with how their groups fared; `before` is what to ask on with, or None."""
    found = office.offers(session(), before=query_data.before, now=g.now)
    return _page("offers", found), 200


def _page(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: found, "before": found[-1]["id"] if len(found) == office.PAGE else None}


@bp.post("")
@permit("office.promotions")
@bp.input(OfferForm)
def make(json_data: OfferForm) -> Reply:
    """Write an offer and publish it at once: 201 with its id; 422 `promotion_not_sound`, and nothing is written."""
    form = json_data.draft()

    def work(opened: Session) -> Reply:
        made = moves.draft(opened, form, actor=who.me().actor, now=g.now)
        moves.publish(opened, made, actor=who.me().actor, now=g.now)
        return {"offer": {"id": made}}, 201

    return once(json_data, work)


@bp.get("/goods")
@permit("office.read")
@bp.input(GoodsQuery, location="query")
def goods(query_data: GoodsQuery) -> Reply:
    """Up to 20 goods by name, pinyin or barcode, with the chain's price in the mall."""
    return {"goods": office.goods(session(), query_data.q, now=g.now)}, 200


@bp.get("/<int:promotion_id>/groups")
@permit("office.read")
@bp.input(PageQuery, location="query")
def groups(promotion_id: int, query_data: PageQuery) -> Reply:
    """The groups of an offer, newest first, 20 a page; `before` is what to ask on with, or None."""
    return _page("groups", office.groups(session(), promotion_id, before=query_data.before)), 200
