"""Browsing: stores, categories, products, with this store's price and what it has."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from pydantic import Field

from config.http import Form, Reply, blueprint, permit, session, unless_known
from config.settings import settings
from mall.http import who
from trade.catalogue import browse
from trade.orders import ways
from trade.pricing import shelf, tags
from trade.pricing.promotions import delivered
from trade.stock import availability
from trade.stores import shops

bp = blueprint("browse", "/api/mall", who.identify)


class PlaceQuery(Form):
    """Where the customer is, in degrees; both or neither."""

    lat: str | None = Field(None, pattern=r"^-?\d{1,2}(\.\d{1,8})?$")
    lng: str | None = Field(None, pattern=r"^-?\d{1,3}(\.\d{1,8})?$")


class StoreQuery(Form):
    """Which store the customer shops in."""

    store_id: int


class ProductsQuery(StoreQuery):
    """A category, or words, and where the last page ended."""

    category_id: int | None = None
    q: str | None = Field(None, max_length=40)
    after: int = 0


def cards(
    store_id: int, *, category_id: int | None = None, words: str | None = None, after: int = 0, most: int = shelf.PAGE
) -> list[dict[str, Any]]:
    """Product cards with what the store has free, and what its promotions say of them."""
    found = shelf.cards(session(), store_id, category_id=category_id, words=words, after=after, now=g.now, most=most)
    free = availability.free(session(), store_id, [card["sku_id"] for card in found])
    for card in found:
        card["free"] = free.get(card["sku_id"], 0)
    tags.mark(session(), store_id, found, _member_id(), g.now)
    return found


def _member_id() -> int | None:
    return g.caller.member_id if g.caller else None


@bp.get("/settings")
@permit("public")
def mall_settings() -> Reply:
    """Where a browser outside WeChat signs in: the stand-in's phone pages in a demonstration, else null."""
    base = settings().wechat_phone_base
    return {
        "login_page": f"{base}/phone/login?" if base else None,
        "phone_page": f"{base}/phone/number?" if base else None,
    }, 200


@bp.get("/stores")
@permit("public")
@bp.input(PlaceQuery, location="query")
def stores(query_data: PlaceQuery) -> Reply:
    """Every store, nearest first when the place is known."""
    place = (query_data.lat, query_data.lng) if query_data.lat and query_data.lng else None
    return {"stores": shops.listed(session(), place=place, now=g.now)}, 200


@bp.get("/categories")
@permit("public")
def categories() -> Reply:
    """The categories in their order."""
    return {"categories": browse.categories(session())}, 200


@bp.get("/home")
@permit("public")
@bp.input(StoreQuery, location="query")
def home(query_data: StoreQuery) -> Reply:
    """The home page of a store: banners, categories, first products."""
    kinds = browse.categories(session())
    banners = [
        {"picture": f"/pictures/b{number}.svg", "category_id": kind["id"], "title": kind["name"], "subtitle": ""}
        for number, kind in enumerate(kinds[:3], start=1)
    ]
    return {"categories": kinds, "banners": banners, "products": cards(query_data.store_id)}, 200


@bp.get("/products")
@permit("public")
@bp.input(ProductsQuery, location="query")
def products(query_data: ProductsQuery) -> Reply:
    """A page of 24 products; `after` of the answer asks for the next, null at the end."""
    found = cards(query_data.store_id, category_id=query_data.category_id, words=query_data.q, after=query_data.after)
    return {"products": found, "after": str(found[-1]["product_id"]) if len(found) == shelf.PAGE else None}, 200


@bp.get("/products/<int:product_id>")
@permit("public")
@bp.input(StoreQuery, location="query")
def product(product_id: int, query_data: StoreQuery) -> Reply:
    """One product with its SKUs, and which other stores have what is sold out here."""
    found = shelf.product(session(), query_data.store_id, product_id, now=g.now)
    for sku in found["skus"]:
        sku["category_id"] = found["category_id"]
    tags.mark(session(), query_data.store_id, found["skus"], _member_id(), g.now)
    return {"product": found}, 200


@bp.get("/rules")
@permit("public")
@bp.input(StoreQuery, location="query")
def rules(query_data: StoreQuery) -> Response:
    """The rule books of a store for totals while a basket is being filled; 304 while nothing changed.

    As `/api/pos/rules`, without rules for segments that the shopper is not in; `member` is `{tier, segment_ids}` of
    the shopper, null for a guest.  What an order costs the server says.
    """
    return unless_known(delivered.to_member(session(), query_data.store_id, _member_id(), g.now))


class SlotsQuery(StoreQuery):
    """A store, and whether it is fetched or brought."""

    mode: ways.Mode = "pickup"


@bp.get("/slots")
@permit("public")
@bp.input(SlotsQuery, location="query")
def slots(query_data: SlotsQuery) -> Reply:
    """The next slots of a store in which an order may be fetched, or is brought."""
    found = ways.slots(session(), query_data.store_id, query_data.mode, now=g.now)
    return {"slots": [slot.as_json() for slot in found]}, 200


@bp.get("/ways")
@permit("public")
@bp.input(StoreQuery, location="query")
def offered(query_data: StoreQuery) -> Reply:
    """How a store's goods reach a customer: `{"ways": [{mode, open, from_fen, free_from_fen, minimum_fen}]}`.

    What it costs for these goods and this address a quote says.
    """
    return {"ways": ways.offered(session(), query_data.store_id, now=g.now)}, 200
