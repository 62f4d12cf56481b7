"""The store desk: online orders of one's own store, against a clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import let_go, transaction
from config.http import Reply, WriteForm, blueprint, once, permit, session, unless_known
from pos.http import who
from trade.fulfilment import parcels, pickup
from trade.orders import desk, fulfil, rerouting
from trade.stock.rejects import Reason

bp = blueprint("desk", "/api/desk", who.identify)


class PickForm(WriteForm):
    """How much of a line lies in the tote, in all."""

    line_no: int = Field(ge=1)
    picked_qty: int = Field(ge=0)


class RejectForm(WriteForm):
    """Why the store cannot do it; what each reason does to the stock is in till-and-store-desk.md 3.16."""

    reason: Reason


class CodeForm(WriteForm):
    """The eight digits that the customer shows."""

    code: str = Field(pattern=r"^\d{8}$")


@bp.get("/parcels")
@permit("desk.read")
def open_parcels() -> Response:
    """Open parcels of one's own store; 304 while nothing changed, so that it may be asked each second."""
    cards = desk.still_open(session(), who.own_store())
    counts = Counter(card["stage"] for card in cards)
    shown = {stage: counts[stage] for stage in ("new", "picking", "ready")}
    return unless_known({"parcels": cards, "counts": shown})


@bp.get("/done")
@permit("desk.read")
def done() -> Reply:
    """What was handed over in the last 24 hours."""
    return {"parcels": desk.done(session(), who.own_store(), since=g.now - timedelta(days=1))}, 200


def _step(form: WriteForm, parcel_id: int, work: Callable[[Session, Any, str], None]) -> Reply:
    """One step of one parcel of one's own store; answers the parcel as it stands then."""
    store_id, actor = who.own_store(), who.me().actor

    def do(opened: Session) -> Reply:
        work(opened, parcels.here(opened, store_id, parcel_id), actor)
        return {"parcel": desk.one(opened, store_id, parcel_id)}, 200

    return once(form, do)


@bp.post("/parcels/<int:parcel_id>/accept")
@permit("desk.fulfil")
@bp.input(WriteForm)
def accept(parcel_id: int, json_data: WriteForm) -> Reply:
    """Take a parcel on: assigned to accepted."""
    return _step(json_data, parcel_id, lambda s, parcel, actor: fulfil.accept(s, parcel, actor=actor, now=g.now))


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
    return _step(
        json_data, parcel_id, lambda s, parcel, actor: fulfil.pick(s, parcel, line_no, qty, actor=actor, now=g.now)
    )


@bp.post("/parcels/<int:parcel_id>/ready")
@permit("desk.fulfil")
@bp.input(WriteForm)
def ready(parcel_id: int, json_data: WriteForm) -> Reply:
    """All is packed: the customer gets a pickup code.  409 `not_all_picked`."""
    return _step(json_data, parcel_id, lambda s, parcel, actor: fulfil.ready(s, parcel, actor=actor, now=g.now))


@bp.post("/pickup/check")
@permit("desk.fulfil")
@bp.input(CodeForm)
def check(json_data: CodeForm) -> Reply:
    """Show what waits under a code before anything is handed over."""
    store_id = who.own_store()
    pickup.tries_left(session(), who.me().actor, now=g.now)
    found = pickup.find(session(), store_id, json_data.code)
    let_go(session())
    if found is None:
        raise _count_wrong()
    return {"parcel": desk.one(session(), store_id, found.id)}, 200


@bp.post("/pickup/hand-over")
@permit("desk.fulfil")
@bp.input(CodeForm)
def hand_over(json_data: CodeForm) -> Reply:
    """Hand the bag over: ready to delivered, stock leaves, points become the customer's.  Works once."""
    me = who.me()

    def do(opened: Session) -> Reply:
        store_id = who.own_store()
        found = pickup.find(opened, store_id, json_data.code)
        if found is None:
            raise pickup.PickupCodeWrong()
        fulfil.collect(opened, found, staff_id=me.id, actor=me.actor, now=g.now)
        return {"parcel": desk.one(opened, store_id, found.id)}, 200

    try:
        pickup.tries_left(session(), me.actor, now=g.now)
        let_go(session())
        return once(json_data, do)
    except pickup.PickupCodeWrong:
        raise _count_wrong() from None


def _count_wrong() -> pickup.PickupCodeWrong:
    """Count a wrong code, which must stay counted although the request is refused."""
    device = who.me().actor
    with transaction(session()) as opened:
        left = pickup.tries_left(opened, device, now=g.now) - 1
        pickup.note_wrong(opened, device, now=g.now)
    return pickup.PickupCodeWrong(tries_left=left)
