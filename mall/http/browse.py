"""Browsing: stores, categories, products, with this store's price and what it has."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session, unless_known
from config.settings import settings
from mall import hot_words
from mall.http import who
from trade.catalogue import browse
from trade.orders import ways
from trade.orders.groups import read as groups
from trade.pricing import finding, listing, shelf, tags
from trade.pricing.promotions import delivered
from trade.stock import availability, wishes
from trade.stores import shops

bp = blueprint("browse", "/api/mall", who.identify)


OTHERS = 6


class PlaceQuery(Form):
    """Where the customer is, in degrees; both or neither."""

    lat: str | None = Field(None, pattern=r"^-?\d{1,2}(\.\d{1,8})?$")
    lng: str | None = Field(None, pattern=r"^-?\d{1,3}(\.\d{1,8})?$")


class StoreQuery(Form):
    """Which store the customer shops in."""

    store_id: int


class ProductsQuery(StoreQuery):
    """A category or words, what else the goods must be, and where the last page ended.

    `brand` may be several, parted by commas; prices are list prices in fen, inclusive.  `meant` says that the words are
    whole, not half typed: then they count among what is searched for.
    """

    category_id: int | None = None
    q: str | None = Field(None, max_length=40)
    brand: str | None = Field(None, max_length=200)
    in_stock: bool = False
    promoted: bool = False
    from_fen: int | None = Field(None, ge=0, le=10**9)
    to_fen: int | None = Field(None, ge=0, le=10**9)
    meant: bool = False
    sort: Literal["usual", "new", "cheap", "dear"] = "usual"
    after: str = Field("", pattern=r"^(-?\d{1,15}\.)?\d{1,15}$|^$")


class CategoryQuery(StoreQuery):
    """A category of a store."""

    category_id: int


class WordsQuery(StoreQuery):
    """What a customer has typed."""

    q: str = Field(min_length=1, max_length=40)


def cards(store_id: int, wish: listing.Wish, *, most: int = listing.PAGE) -> tuple[list[dict[str, Any]], str | None]:
    """Product cards with what the store has free and what its promotions say of them; where the next page begins."""
    found, after = listing.page(session(), store_id, wish, now=g.now, most=most)
    return mark(store_id, found), after


def mark(store_id: int, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same cards with what the store has free, and what its promotions say of them to this customer."""
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
    found, after = cards(query_data.store_id, listing.Wish())
    return {"categories": kinds, "banners": banners, "products": found, "after": after}, 200


@bp.get("/rushes")
@permit("public")
@bp.input(StoreQuery, location="query")
def rushes(query_data: StoreQuery) -> Reply:
    """Goods of a 秒杀 that runs or begins within a day: cards of skus, each with its `rush`; running ones first."""
    store_id = query_data.store_id
    found = tags.rushes(session(), store_id, _member_id(), g.now)
    cards = {card["sku_id"]: card for card in shelf.skus(session(), store_id, list(found), now=g.now)} if found else {}
    return {"rushes": [cards[sku] | {"rush": rush} for sku, rush in found.items() if sku in cards]}, 200


@bp.get("/products")
@permit("public")
@bp.input(ProductsQuery, location="query")
def products(query_data: ProductsQuery) -> Reply:
    """A page of 24 products; `after` of the answer asks for the next, null at the end."""
    asked = query_data
    wish = listing.Wish(
        category_id=asked.category_id, words=asked.q or "", in_stock=asked.in_stock, from_fen=asked.from_fen,
        to_fen=asked.to_fen, sort=asked.sort, after=asked.after,
        brands=tuple(filter(None, (asked.brand or "").split(","))),
        promoted=tags.counted(session(), asked.store_id, _member_id(), g.now) if asked.promoted else None,
    )  # fmt: skip
    found, after = cards(asked.store_id, wish)
    if asked.meant and asked.q and found and not asked.after:
        hot_words.count(asked.q.strip(), now=g.now)
    return {"products": found, "after": after}, 200


@bp.get("/filters")
@permit("public")
@bp.input(CategoryQuery, location="query")
def filters(query_data: CategoryQuery) -> Reply:
    """What a category of a store may be narrowed to: its brands, those with most products first."""
    return {"brands": listing.brands(session(), query_data.store_id, query_data.category_id)}, 200


@bp.get("/search")
@permit("public")
@bp.input(StoreQuery, location="query")
def search(query_data: StoreQuery) -> Reply:
    """What is searched for most in these days, for who has typed nothing yet."""
    return {"hot": hot_words.hot(now=g.now)}, 200


@bp.get("/search/suggest")
@permit("public")
@bp.input(WordsQuery, location="query")
def suggest(query_data: WordsQuery) -> Reply:
    """Names of goods of this store that the words may become, the likeliest first."""
    return {"names": finding.names(session(), query_data.store_id, query_data.q)}, 200


@bp.get("/search/instead")
@permit("public")
@bp.input(WordsQuery, location="query")
def instead(query_data: WordsQuery) -> Reply:
    """For who found nothing: what was meant perhaps, what comes near it here, and which other stores sell it."""
    store_id = query_data.store_id
    near = finding.near(session(), store_id, query_data.q, now=g.now)
    elsewhere = finding.elsewhere(session(), store_id, query_data.q)
    return {
        "meant": near.meant,
        "categories": near.categories,
        "products": mark(store_id, near.cards),
        "elsewhere": elsewhere,
    }, 200


@bp.get("/products/<int:product_id>")
@permit("public")
@bp.input(StoreQuery, location="query")
def product(product_id: int, query_data: StoreQuery) -> Reply:
    """One product with its SKUs, each with what this store has free and what its promotions say of it.

    A sku that groups buy cheaper has `group`, with its terms, what is left and the groups that wait for somebody.
    """
    found = shelf.product(session(), query_data.store_id, product_id, now=g.now)
    for sku in found["skus"]:
        sku["category_id"] = found["category_id"]
    tags.mark(session(), query_data.store_id, found["skus"], _member_id(), g.now)
    groups.mark(session(), query_data.store_id, found["skus"], _member_id(), g.now)
    return {"product": found}, 200


@bp.get("/skus/<int:sku_id>/alternatives")
@permit("public")
@bp.input(StoreQuery, location="query")
def alternatives(sku_id: int, query_data: StoreQuery) -> Reply:
    """Where else a sku stands, and what this store has instead when it has none.

    `stores` are at most six others, those with most first: `free` in sale units, since when the figure has stood so
    (`figure_at`), and the first moment it can be fetched there (`promise_at`, null in the next three days not at all).
    `waits`: the caller is told when this store has some again.
    """
    store_id = query_data.store_id
    rows = availability.across(session(), [sku_id])
    here = sum(row.free for row in rows if row.store_id == store_id)
    others = [row for row in rows if row.store_id != store_id and row.free > 0][:OTHERS]
    found = []
    for row in others:
        slots = (slot for slot in shops.slots(session(), row.store_id, now=g.now) if slot.open)
        seen = max(filter(None, (row.moved_at, row.counted_at)), default=None)
        slot = next(slots, None)
        found.append(
            {
                "store_id": row.store_id,
                "free": row.free,
                "figure_at": seen.isoformat() if seen else None,
                "promise_at": slot.from_at.isoformat() if slot else None,
            }
        )
    instead = [] if here else shelf.substitutes(session(), store_id, sku_id, now=g.now)
    member = _member_id()
    waits = not here and member is not None and wishes.waits(session(), member, store_id, sku_id, now=g.now)
    return {"stores": found, "instead": mark(store_id, instead), "waits": waits}, 200


class WishForm(WriteForm):
    """A store of which one wants to hear that it has a sku again, or no longer."""

    store_id: int
    waits: bool


@bp.post("/skus/<int:sku_id>/wish")
@permit("mall.order")
@bp.input(WishForm)
def wish(sku_id: int, json_data: WishForm) -> Reply:
    """`{"waits"}`; the message needs WeChat's own leave besides.  404 not sold there, 409 `too_many_wishes`."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        if json_data.waits:
            wishes.put(opened, shopper.member_id, json_data.store_id, sku_id, now=g.now)
        else:
            wishes.drop(opened, shopper.member_id, json_data.store_id, sku_id)
        return {"waits": json_data.waits}, 200

    return once(json_data, work)


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
    """A store, whether it is fetched or brought, and which group it is bought in."""

    mode: ways.Mode = "pickup"
    offer_id: int | None = None
    group_id: int | None = None


@bp.get("/slots")
@permit("public")
@bp.input(SlotsQuery, location="query")
def slots(query_data: SlotsQuery) -> Reply:
    """The next slots of a store in which an order may be fetched, or is brought; of a group, once it must be full."""
    asked = query_data
    then = groups.from_when(session(), asked.store_id, asked.offer_id, asked.group_id, g.now)
    found = ways.slots(session(), asked.store_id, asked.mode, now=then)
    return {"slots": [slot.as_json() for slot in found]}, 200


@bp.get("/ways")
@permit("public")
@bp.input(StoreQuery, location="query")
def offered(query_data: StoreQuery) -> Reply:
    """How a store's goods reach a customer: `{"ways": [{mode, open, from_fen, free_from_fen, minimum_fen}]}`.

    What it costs for these goods and this address a quote says.
    """
    return {"ways": ways.offered(session(), query_data.store_id, now=g.now)}, 200
