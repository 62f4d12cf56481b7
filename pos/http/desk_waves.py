"""Waves: several parcels picked in one walk (till-and-store-desk.md 3.17)."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import NotFound
from config.http import Reply, WriteForm, blueprint, once, permit, session, unless_known
from pos.http import who
from pos.scan import read_code
from trade.fulfilment import parcels, waves
from trade.orders import fulfil

bp = blueprint("desk_waves", "/api/desk/waves", who.identify)


class PlanForm(WriteForm):
    """Which parcels, all accepted ones where none are named, and who walks."""

    parcel_ids: list[int] | None = Field(None, max_length=200)
    picker_id: int | None = None


class PickerForm(WriteForm):
    """The colleague who walks it."""

    picker_id: int


class ScanForm(WriteForm):
    """What the scanner read, into which tote, and how much of it lies there then, in all."""

    tote: int = Field(ge=1, le=waves.MOST)
    code: str = Field(min_length=4, max_length=40)
    picked_qty: int | None = Field(None, ge=0)


@bp.get("")
@permit("desk.read")
def listed() -> Response:
    """The open waves with their pick lists, in the order of the shelves; 304 while nothing changed."""
    return unless_known({"waves": waves.still_open(session(), who.own_store())})


@bp.get("/<int:wave_id>")
@permit("desk.read")
def one(wave_id: int) -> Response:
    """One wave: `items` with the total of each sku and its `totes`; figures are absolute, so nothing is lost."""
    return unless_known({"wave": waves.one(session(), who.own_store(), wave_id)})


@bp.post("")
@permit("desk.fulfil")
@bp.input(PlanForm)
def plan(json_data: PlanForm) -> Reply:
    """Put accepted parcels that are in no wave yet into waves of at most 12, each temperature on its own."""
    store_id, actor = who.own_store(), who.me().actor

    def do(opened: Session) -> Reply:
        chosen: dict[str, Any] = {"parcel_ids": json_data.parcel_ids, "picker_id": json_data.picker_id}
        made = waves.plan(opened, store_id, **chosen, actor=actor, now=g.now)
        return {"waves": [waves.one(opened, store_id, wave_id) for wave_id in made]}, 201

    return once(json_data, do)


@bp.post("/<int:wave_id>/picker")
@permit("desk.fulfil")
@bp.input(PickerForm)
def picker(wave_id: int, json_data: PickerForm) -> Reply:
    """Give it to a colleague of this store."""
    store_id, actor = who.own_store(), who.me().actor

    def do(opened: Session) -> Reply:
        waves.assign(opened, store_id, wave_id, json_data.picker_id, actor=actor, now=g.now)
        return {"wave": waves.one(opened, store_id, wave_id)}, 200

    return once(json_data, do)


@bp.post("/<int:wave_id>/scan")
@permit("desk.fulfil")
@bp.input(ScanForm)
def scan(wave_id: int, json_data: ScanForm) -> Reply:
    """Scan an item into a tote.  409 `wrong_item`: it does not belong there, and nothing was counted."""
    store_id, actor = who.own_store(), who.me().actor
    read = read_code(json_data.code, who.own_store(), now=g.now)

    def do(opened: Session) -> Reply:
        totes = {one["tote"]: one["parcel_id"] for one in waves.one(opened, store_id, wave_id)["totes"]}
        if json_data.tote not in totes:
            raise NotFound(tote=json_data.tote)
        parcel = parcels.here(opened, store_id, totes[json_data.tote])
        fulfil.scan(opened, parcel, read.key, json_data.picked_qty, grams=read.grams, actor=actor, now=g.now)
        return {"wave": waves.one(opened, store_id, wave_id)}, 200

    return once(json_data, do)


@bp.post("/<int:wave_id>/close")
@permit("desk.fulfil")
@bp.input(WriteForm)
def close(wave_id: int, json_data: WriteForm) -> Reply:
    """The walk is over; what was not picked may come into another wave."""
    store_id, actor = who.own_store(), who.me().actor

    def do(opened: Session) -> Reply:
        waves.close(opened, store_id, wave_id, actor=actor, now=g.now)
        return {"wave": waves.one(opened, store_id, wave_id)}, 200

    return once(json_data, do)
