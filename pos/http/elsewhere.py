"""What other stores have, and goods kept there while the customer pays (till-and-store-desk.md 3.14)."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Malformed, NotFound
from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.baskets import LineForm
from pos.http.sale import ElsewhereForm
from trade.orders import owed_cash
from trade.orders.aisle import reserving, selling, stores
from trade.orders.offline.read import order_of
from trade.orders.returns import ShiftNotOpen
from trade.orders.shifts import read as shifts
from trade.pricing.quoted import Want

bp = blueprint("elsewhere", "/api/pos", who.identify)


class AwayForm(LineForm):
    """A line that another store hands over."""

    at_store_id: int


class ReserveForm(WriteForm):
    """Everything of the basket that other stores hand over, and how the customer gets it."""

    lines: list[AwayForm] = Field(min_length=1, max_length=200)
    elsewhere: ElsewhereForm = Field(default_factory=ElsewhereForm)


@bp.get("/skus/<int:sku_id>/stores")
@permit("pos.read")
def where_else(sku_id: int) -> Reply:
    """Other stores that sell it, the nearest first: what is free there, since when the figure stands, if it is open."""
    return {"stores": stores.near(session(), who.till().store_id, sku_id, now=g.now)}, 200


@bp.post("/reservations")
@permit("pos.sell")
@bp.input(ReserveForm)
def reserve(json_data: ReserveForm) -> Reply:
    """Keep goods of other stores for ten minutes, in place of what this till kept before; all or nothing.

    409 `out_of_stock` (`store_id`, `sku_ids`) or `not_elsewhere`: nothing was kept, and no money need be taken.
    """
    till, me = who.till(), who.me()
    if any(line.at_store_id == till.store_id for line in json_data.lines):
        raise Malformed(fields={"lines": "of other stores"})

    def work(opened: Session) -> Reply:
        wants = [Want(line.sku_id, line.qty, None, line.at_store_id) for line in json_data.lines]
        selling.check(opened, wants, json_data.elsewhere.how(), now=g.now)
        goods = selling.goods_of(till.store_id, [(one.sku_id, one.qty, one.at_store_id) for one in wants])
        kept = reserving.reserve(opened, till.store_id, till.id, goods, actor=me.actor, now=g.now)
        return {"reservation": kept.as_json()}, 201

    return once(json_data, work)


@bp.post("/reservations/release")
@permit("pos.sell")
@bp.input(WriteForm)
def release(json_data: WriteForm) -> Reply:
    """The customer thought again: what this till keeps in other stores is free; `released` is false for nothing."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        return {"released": reserving.release(opened, till.store_id, till.id, actor=me.actor, now=g.now)}, 200

    return once(json_data, work)


@bp.get("/owed/<no>")
@permit("pos.read")
def owed(no: str) -> Reply:
    """Cash of a receipt of this store that is owed, because goods could not be handed over elsewhere."""
    here = who.till().store_id
    store_id, order_id = order_of(session(), here, no)
    return {"owed": owed_cash.of_order(session(), here, order_id) if store_id == here else []}, 200


@bp.post("/owed/<int:refund_id>/pay-out")
@permit("pos.return")
@bp.input(WriteForm)
def pay_out(refund_id: int, json_data: WriteForm) -> Reply:
    """Give the customer cash that is owed to them, out of this till's drawer.  404 when it was given already."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        shift_id = shifts.held_open(opened, till)
        if shift_id is None:
            raise ShiftNotOpen()
        fen = owed_cash.pay_out(opened, till.store_id, refund_id, shift_id, actor=me.actor, now=g.now)
        if fen is None:
            raise NotFound(refund_id=refund_id)
        return {"paid_fen": fen}, 200

    return once(json_data, work)
