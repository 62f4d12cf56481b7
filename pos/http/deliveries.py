"""Goods from suppliers and distribution centres: expected, and received as counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.goods import ArrivedLine, GoodsLine, PapersQuery, StoreQuery, arrived, differences, papers, wanted
from trade.stock import receiving
from trade.stock.papers import read

bp = blueprint("delivery", "/api/desk/deliveries", who.identify)


class DeliveryForm(WriteForm):
    """What a store will get, by whom, under which number of theirs; without lines everything is a surprise."""

    store_id: int | None = None
    supplier: str = Field(min_length=1, max_length=100)
    external_no: str = Field("", max_length=60)
    due_at: AwareDatetime | None = None
    lines: list[GoodsLine] = Field(default_factory=list, max_length=2_000)
    note: str = Field("", max_length=500)


class DeliveredForm(WriteForm):
    """What came, as counted; what is not named did not come."""

    lines: list[ArrivedLine] = Field(max_length=2_000)


class SupplierSaidForm(WriteForm):
    """What the supplier said to the differences."""

    store_id: int | None = None
    outcome: Literal["credited", "follows", "accepted"]
    note: str = Field(min_length=1, max_length=500)


def _step(form: WriteForm, store_id: int, delivery_id: int, work: Callable[[Session], dict[str, object]]) -> Reply:
    def do(opened: Session) -> Reply:
        more = work(opened)
        return {"delivery": read.delivery(opened, store_id, delivery_id), **more}, 200

    return once(form, do)


@bp.get("")
@permit("stock.read")
@bp.input(PapersQuery, location="query")
def listed(query_data: PapersQuery) -> Reply:
    """Deliveries to one's store, newest first; the head office sees all, or one store's."""
    return papers("deliveries", read.deliveries, query_data), 200


@bp.get("/<int:delivery_id>")
@permit("stock.read")
@bp.input(StoreQuery, location="query")
def one(delivery_id: int, query_data: StoreQuery) -> Reply:
    """One delivery with its lines by shelf."""
    store_id = who.me().store_id or query_data.store_id or 0
    return {"delivery": read.delivery(session(), store_id, delivery_id)}, 200


@bp.post("")
@permit("stock.move")
@bp.input(DeliveryForm)
def expect(json_data: DeliveryForm) -> Reply:
    """A store will get goods: 201.  409 `delivery_known` when the supplier's number is here already."""
    store_id, goods = who.store_of(json_data.store_id), wanted(json_data.lines)
    of = json_data.model_dump(include={"supplier", "external_no", "due_at", "note"})

    def work(opened: Session) -> Reply:
        made = receiving.expect(opened, store_id, goods, **of, actor=who.me().actor, now=g.now)
        return {"delivery": read.delivery(opened, store_id, made)}, 201

    return once(json_data, work)


@bp.post("/<int:delivery_id>/receive")
@permit("stock.move")
@bp.input(DeliveredForm)
def receive(delivery_id: int, json_data: DeliveredForm) -> Reply:
    """The goods are here as counted; `differences` are received less expected."""
    store_id, counted = who.own_store(), arrived(json_data.lines)

    def work(opened: Session) -> dict[str, object]:
        found = receiving.receive(opened, store_id, delivery_id, counted, actor=who.me().actor, now=g.now)
        return {"differences": differences(found)}

    return _step(json_data, store_id, delivery_id, work)


@bp.post("/<int:delivery_id>/cancel")
@permit("stock.move")
@bp.input(WriteForm)
def cancel(delivery_id: int, json_data: WriteForm) -> Reply:
    """It does not come.  409 `wrong_state` when it is here already."""
    store_id = who.own_store()

    def work(opened: Session) -> dict[str, object]:
        receiving.cancel(opened, store_id, delivery_id, actor=who.me().actor, now=g.now)
        return {}

    return _step(json_data, store_id, delivery_id, work)


@bp.post("/<int:delivery_id>/settle")
@permit("stock.post")
@bp.input(SupplierSaidForm)
def settle(delivery_id: int, json_data: SupplierSaidForm) -> Reply:
    """Say what the supplier said to a difference.  409 `nothing_to_settle`."""
    store_id = who.store_of(json_data.store_id)

    def work(opened: Session) -> dict[str, object]:
        by = {"actor": who.me().actor, "now": g.now}
        receiving.settle(opened, store_id, delivery_id, json_data.outcome, note=json_data.note, **by)
        return {}

    return _step(json_data, store_id, delivery_id, work)
