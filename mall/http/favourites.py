"""What a customer keeps for later, as the store they stand in has it."""

from __future__ import annotations

from flask import g
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from mall.http.browse import mark
from member import favourites
from trade.pricing import listing

bp = blueprint("favourites", "/api/mall", who.identify)


class StoreQuery(Form):
    """Which store the customer shops in."""

    store_id: int


class FavouriteForm(WriteForm):
    """A product, and whether it is kept."""

    product_id: int
    kept: bool


@bp.get("/favourites")
@permit("mall.order")
@bp.input(StoreQuery, location="query")
def kept(query_data: StoreQuery) -> Reply:
    """`{"products": [...], "elsewhere": n}`: cards, the newest first, sold out or not; n are not sold in this store."""
    ids = favourites.of_member(session(), who.me().member_id)
    cards = listing.named(session(), query_data.store_id, ids, now=g.now, in_stock=False)
    return {"products": mark(query_data.store_id, cards), "elsewhere": len(ids) - len(cards)}, 200


@bp.get("/favourites/<int:product_id>")
@permit("mall.order")
def one(product_id: int) -> Reply:
    """`{"kept": bool}`: whether the caller keeps it."""
    return {"kept": product_id in favourites.of_member(session(), who.me().member_id)}, 200


@bp.post("/favourites")
@permit("mall.order")
@bp.input(FavouriteForm)
def choose(json_data: FavouriteForm) -> Reply:
    """Keep a product or no longer: `{"kept"}`; a repeat changes nothing.  404, 409 `favourites_full`."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        if json_data.kept:
            listing.check_product(opened, json_data.product_id)
            favourites.put(opened, shopper.member_id, json_data.product_id, now=g.now)
        else:
            favourites.drop(opened, shopper.member_id, json_data.product_id)
        return {"kept": json_data.kept}, 200

    return once(json_data, work)
