"""Prices: changes of them for the head office, what changes soon and what to relabel for the store."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.orders import honoured
from trade.pricing import price_books

bp = blueprint("prices", "/api/desk/prices", who.identify)
Fen = Field(gt=0, le=100_000_000)


class PageQuery(Form):
    """`before` is the last id of the page before."""

    before: int | None = None
    most: int = Field(price_books.PAGE, ge=1, le=200)


class AheadQuery(Form):
    """How many hours ahead."""

    hours: int = Field(24, ge=1, le=24 * 31)


class LineForm(Form):
    """A sku's price in fen per piece or kilogram; `steps` are lower ones from a quantity (pieces or grams) on."""

    sku_id: int
    price_fen: int = Fen
    steps: list[tuple[int, int]] = Field(default_factory=list, max_length=10)


class ChangeForm(WriteForm):
    """A change of prices for one book: 0 and empty are any store, channel and customer group."""

    name: str = Field(min_length=1, max_length=60)
    from_at: AwareDatetime
    to_at: AwareDatetime | None = None
    store_id: int = Field(0, ge=0)
    channel: Literal["", "till", "mall"] = ""
    customer_group: str = Field("", max_length=20)
    lines: list[LineForm] = Field(min_length=1, max_length=2_000)


class LabelForm(WriteForm):
    """Skus whose new label hangs on the shelf."""

    sku_ids: list[int] = Field(min_length=1, max_length=2_000)


@bp.get("/changes")
@permit("office.read")
@bp.input(PageQuery, location="query")
def changes(query_data: PageQuery) -> Reply:
    """Changes of prices, newest first; `before` in the answer is what to ask on with."""
    found = price_books.listed(session(), before=query_data.before, most=query_data.most)
    return {"changes": found, "before": found[-1]["id"] if len(found) == query_data.most else None}, 200


@bp.get("/changes/<int:change_id>")
@permit("office.read")
def change(change_id: int) -> Reply:
    """One change with its lines."""
    return {"change": price_books.one(session(), change_id)}, 200


@bp.post("/changes")
@permit("office.prices")
@bp.input(ChangeForm)
def publish(json_data: ChangeForm) -> Reply:
    """Publish a change: 201; 422 `price_not_sound` with a sentence for each fault."""
    head = price_books.Change(**json_data.model_dump(exclude={"request_id", "lines"}))
    lines = [price_books.Line(line.sku_id, line.price_fen, tuple(line.steps)) for line in json_data.lines]

    def work(opened: Session) -> Reply:
        change_id = price_books.publish(opened, head, lines, actor=who.me().actor, now=g.now)
        return {"change": price_books.one(opened, change_id)}, 201

    return once(json_data, work)


@bp.post("/changes/<int:change_id>/withdraw")
@permit("office.prices")
@bp.input(WriteForm)
def withdraw(change_id: int, json_data: WriteForm) -> Reply:
    """Take back a change that has not begun; 409 `wrong_state` when it has."""

    def work(opened: Session) -> Reply:
        price_books.withdraw(opened, change_id, actor=who.me().actor, now=g.now)
        return {"change": price_books.one(opened, change_id)}, 200

    return once(json_data, work)


@bp.get("/skus/<int:sku_id>")
@permit("office.read")
def of_sku(sku_id: int) -> Reply:
    """Every price a sku had, has and will have, the book that counts first."""
    return {"prices": price_books.of_sku(session(), sku_id)}, 200


@bp.get("/coming")
@permit("pos.read")
@bp.input(AheadQuery, location="query")
def coming(query_data: AheadQuery) -> Reply:
    """What changes at the counter of one's own store: at, sku, old_fen and new_fen, in order of time."""
    until = g.now + timedelta(hours=query_data.hours)
    return {"coming": price_books.coming(session(), who.own_store(), until=until, now=g.now)}, 200


@bp.get("/unlabelled")
@permit("pos.read")
def unlabelled() -> Reply:
    """Goods of one's own store whose label is not today's price, by shelf."""
    return {"unlabelled": price_books.unlabelled(session(), who.own_store(), now=g.now)}, 200


class HonouredQuery(Form):
    """How many days back."""

    days: int = Field(30, ge=1, le=366)


@bp.get("/honoured")
@permit("pos.read")
@bp.input(HonouredQuery, location="query")
def honoured_prices(query_data: HonouredQuery) -> Reply:
    """Shelf prices that were honoured below the till's: of one's own store, or of all for the head office."""
    since = g.now - timedelta(days=query_data.days)
    return {"honoured": honoured.listed(session(), who.me().store_id, since=since)}, 200


@bp.post("/labels")
@permit("pos.label")
@bp.input(LabelForm)
def label(json_data: LabelForm) -> Reply:
    """New labels hang: `{"unlabelled": [...]}` is what is left to do."""
    store_id = who.own_store()

    def work(opened: Session) -> Reply:
        price_books.label(opened, store_id, json_data.sku_ids, actor=who.me().actor, now=g.now)
        return {"unlabelled": price_books.unlabelled(opened, store_id, now=g.now)}, 200

    return once(json_data, work)
