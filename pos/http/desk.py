"""The store desk: online orders of one's own store, against a clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import let_go, transaction
from config.http import Reply, WriteForm, blueprint, once, permit, session, unless_known
from pos.http import who
from trade.fulfilment import pickup
from trade.orders import close, read

bp = blueprint("desk", "/api/desk", who.identify)


class PickForm(WriteForm):
    """How much of a line lies in the tote, in all."""

    line_no: int = Field(ge=1)
    picked_qty: int = Field(ge=0)


class RefuseForm(WriteForm):
    """Why the store cannot fulfil the order."""

    reason: Literal["no_stock", "damaged", "closing"]


class CodeForm(WriteForm):
    """The eight digits that the customer shows."""

    code: str = Field(pattern=r"^\d{8}$")


@bp.get("/orders")
@permit("desk.read")
def orders() -> Response:
    """Open online orders of one's own store; 304 while nothing changed, so that it may be asked each second."""
    cards = read.desk_open(session(), who.own_store())
    counts = Counter(card["state"] for card in cards)
    shown = {state: counts[state] for state in ("paid", "preparing", "ready")}
    return unless_known({"orders": cards, "counts": shown})


@bp.get("/done")
@permit("desk.read")
def done() -> Reply:
    """What was handed over in the last 24 hours."""
    return {"orders": read.desk_done(session(), who.own_store(), since=g.now - timedelta(days=1))}, 200


def _step(form: WriteForm, order_id: int, work: Callable[[Session, int, str], None]) -> Reply:
    """One step of one order of one's own store; answers the order as it stands then."""
    store_id, actor = who.own_store(), who.me().actor

    def do(opened: Session) -> Reply:
        work(opened, store_id, actor)
        return {"order": read.desk_one(opened, store_id, order_id)}, 200

    return once(form, do)


@bp.post("/orders/<int:order_id>/accept")
@permit("desk.fulfil")
@bp.input(WriteForm)
def accept(order_id: int, json_data: WriteForm) -> Reply:
    """Take an order on: paid to preparing."""
    return _step(json_data, order_id, lambda s, store, actor: close.accept(s, store, order_id, actor=actor, now=g.now))


@bp.post("/orders/<int:order_id>/refuse")
@permit("desk.fulfil")
@bp.input(RefuseForm)
def refuse(order_id: int, json_data: RefuseForm) -> Reply:
    """Give an order back: the customer is refunded in full."""
    return _step(
        json_data,
        order_id,
        lambda s, store, actor: close.refuse(s, store, order_id, json_data.reason, actor=actor, now=g.now),
    )


@bp.post("/orders/<int:order_id>/pick")
@permit("desk.fulfil")
@bp.input(PickForm)
def pick(order_id: int, json_data: PickForm) -> Reply:
    """Set how much of a line is picked (absolute)."""
    return _step(
        json_data,
        order_id,
        lambda s, store, actor: close.pick(
            s, store, order_id, json_data.line_no, json_data.picked_qty, actor=actor, now=g.now
        ),
    )


@bp.post("/orders/<int:order_id>/ready")
@permit("desk.fulfil")
@bp.input(WriteForm)
def ready(order_id: int, json_data: WriteForm) -> Reply:
    """All is packed: the customer gets a pickup code.  409 `not_all_picked`."""
    return _step(json_data, order_id, lambda s, store, actor: close.ready(s, store, order_id, actor=actor, now=g.now))


@bp.post("/pickup/check")
@permit("desk.fulfil")
@bp.input(CodeForm)
def check(json_data: CodeForm) -> Reply:
    """Show what waits under a code before anything is handed over."""
    store_id = who.own_store()
    pickup.tries_left(session(), who.me().actor, now=g.now)
    order_id = pickup.find(session(), store_id, json_data.code)
    let_go(session())
    if order_id is None:
        raise _count_wrong()
    return {"order": read.desk_one(session(), store_id, order_id)}, 200


@bp.post("/pickup/hand-over")
@permit("desk.fulfil")
@bp.input(CodeForm)
def hand_over(json_data: CodeForm) -> Reply:
    """Hand the bag over: ready to done, stock leaves, points become the customer's.  Works once."""
    me = who.me()

    def do(opened: Session) -> Reply:
        store_id = who.own_store()
        order_id = pickup.find(opened, store_id, json_data.code)
        if order_id is None:
            raise pickup.PickupCodeWrong()
        close.collect(opened, store_id, order_id, staff_id=me.id, actor=me.actor, now=g.now)
        return {"order": read.desk_one(opened, store_id, order_id)}, 200

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
