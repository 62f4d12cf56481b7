"""The store desk: online orders of one's own store, against a clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session, unless_known
from pos.http import who
from pos.http.desk_step import step
from pos.scan import read_code
from trade.catalogue import layouts
from trade.fulfilment import parcels
from trade.orders import desk, fulfil, rerouting
from trade.stock.rejects import Reason

bp = blueprint("desk", "/api/desk", who.identify)


class PickForm(WriteForm):
    """How much of a line lies in the tote, in all."""

    line_no: int = Field(ge=1)
    picked_qty: int = Field(ge=0)


class ParcelsQuery(Form):
    """How many are shown at most."""

    most: int = Field(desk.PAGE, ge=1, le=desk.MOST)


class RejectForm(WriteForm):
    """Why the store cannot do it; what each reason does to the stock is in till-and-store-desk.md 3.16."""

    reason: Reason


class ScanForm(WriteForm):
    """What the scanner read, and how much of that line lies in the tote, in all."""

    code: str = Field(min_length=4, max_length=40)
    picked_qty: int | None = Field(None, ge=0)


@bp.get("/parcels")
@permit("desk.read")
@bp.input(ParcelsQuery, location="query")
def open_parcels(query_data: ParcelsQuery) -> Response:
    """Open parcels of one's own store, the least time left first; 304 while nothing changed, so ask each second.

    `counts` and `total` are of all that are open, not only of the `most` that are shown; by `layouts` the store's
    scale labels read.
    """
    store_id = who.own_store()
    counts = desk.counts(session(), store_id)
    shown = {stage: counts[stage] for stage in ("new", "picking", "ready")}
    cards = desk.still_open(session(), store_id, most=query_data.most)
    known = layouts.of_store(session(), store_id)
    return unless_known({"parcels": cards, "counts": shown, "total": counts.total(), "layouts": known})


@bp.get("/done")
@permit("desk.read")
def done() -> Reply:
    """What was handed over in the last 24 hours."""
    return {"parcels": desk.done(session(), who.own_store(), since=g.now - timedelta(days=1))}, 200


@bp.post("/parcels/<int:parcel_id>/accept")
@permit("desk.fulfil")
@bp.input(WriteForm)
def accept(parcel_id: int, json_data: WriteForm) -> Reply:
    """Take a parcel on: assigned to accepted."""
    return step(json_data, parcel_id, lambda s, parcel, actor: fulfil.accept(s, parcel, actor=actor, now=g.now))


@bp.post("/parcels/<int:parcel_id>/reject")
@permit("desk.fulfil")
@bp.input(RejectForm)
def reject(parcel_id: int, json_data: RejectForm) -> Reply:
    """Say that this store cannot do it, and why: it leaves the desk.  `state` is `assigned` when another store was
    asked, `asking` when the customer was.
    """
    store_id, actor = who.own_store(), who.me().actor

    def work(opened: Session) -> Reply:
        parcel, why = parcels.here(opened, store_id, parcel_id), json_data.reason
        stands = rerouting.reject(opened, parcel, why, actor=actor, now=g.now)
        return {"parcel": {"id": parcel_id, "state": stands, "stage": "gone"}}, 200

    return once(json_data, work)


@bp.post("/parcels/<int:parcel_id>/pick")
@permit("desk.fulfil")
@bp.input(PickForm)
def pick(parcel_id: int, json_data: PickForm) -> Reply:
    """Set how much of a line is picked (absolute)."""
    line_no, qty = json_data.line_no, json_data.picked_qty
    return step(
        json_data, parcel_id, lambda s, parcel, actor: fulfil.pick(s, parcel, line_no, qty, actor=actor, now=g.now)
    )


@bp.post("/parcels/<int:parcel_id>/ready")
@permit("desk.fulfil")
@bp.input(WriteForm)
def ready(parcel_id: int, json_data: WriteForm) -> Reply:
    """All is packed: the customer gets a pickup code.  409 `not_all_picked`."""
    return step(json_data, parcel_id, lambda s, parcel, actor: fulfil.ready(s, parcel, actor=actor, now=g.now))


@bp.post("/parcels/<int:parcel_id>/scan")
@permit("desk.fulfil")
@bp.input(ScanForm)
def scan(parcel_id: int, json_data: ScanForm) -> Reply:
    """Set how much of what was scanned is in the tote (absolute).  409 `wrong_item`: it is not in this parcel.

    Of a scale label the grams are read where `picked_qty` is left out; of pieces it is one more than before.
    """
    read = read_code(json_data.code, who.own_store(), now=g.now)

    def work(opened: Session, parcel: Any, actor: str) -> None:
        fulfil.scan(opened, parcel, read.key, json_data.picked_qty, grams=read.grams, actor=actor, now=g.now)

    return step(json_data, parcel_id, work)
