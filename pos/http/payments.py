"""Payment codes at the till: where each stands, asked again, given up."""

from __future__ import annotations

from config import requests
from config.db import let_go
from config.errors import NotFound
from config.http import Reply, WriteForm, blueprint, permit, session
from paying import code
from pos.http import who
from trade.orders import read as orders
from trade.payments.codes import moves, read

bp = blueprint("payment", "/api/pos/payments", who.identify)


def stands(store_id: int, tender_id: int) -> Reply:
    """A code payment as it stands: 201 with the receipt too once it is paid, else 202."""
    tender = read.one(session(), store_id, tender_id)
    shown = {"payment": read.as_json(tender)}
    if tender.state != "paid":
        return shown, 202
    return shown | {"receipt": orders.receipt(session(), store_id, tender.order_id)}, 201


@bp.get("/open")
@permit("pos.sell")
def left_open() -> Reply:
    """The code payments of this till that have no end yet: the till follows them before it sells anything else."""
    till = who.till()
    return {"payments": [read.as_json(row) for row in moves.open_of_till(session(), till.store_id, till.id)]}, 200


@bp.get("/<int:tender_id>")
@permit("pos.sell")
def one(tender_id: int) -> Reply:
    """Where it stands, with the `receipt` once it is paid.  Asks nobody: a worker does, and `ask`."""
    return stands(who.till().store_id, tender_id)[0], 200


@bp.get("/of/<request_id>")
@permit("pos.sell")
def of_sale(request_id: str) -> Reply:
    """The code payment of a sale whose answer the till did not hear, as above.

    404 when the sale never reached us, or was refused: nothing was charged.
    """
    known = requests.answered(session(), who.me().actor, request_id.lower()) or {}
    if "tender_id" not in known:
        raise NotFound(request_id=request_id[:40])
    return stands(who.till().store_id, known["tender_id"])[0], 200


@bp.post("/<int:tender_id>/ask")
@permit("pos.sell")
@bp.input(WriteForm)
def ask(tender_id: int, json_data: WriteForm) -> Reply:
    """Ask WeChat now, no oftener than the plan of questions says; where it stands then."""
    till = who.till()
    read.one(session(), till.store_id, tender_id)
    let_go(session())
    code.follow(session(), till.store_id, tender_id)
    return stands(till.store_id, tender_id)[0], 200


@bp.post("/<int:tender_id>/cancel")
@permit("pos.sell")
@bp.input(WriteForm)
def cancel(tender_id: int, json_data: WriteForm) -> Reply:
    """Reverse it; where it stands then.  409 `too_early_to_cancel` before `may_cancel_at`.

    One that was paid in time stays paid, and comes back with its receipt.  A repeat changes nothing.
    """
    till = who.till()
    code.cancel(session(), till.store_id, tender_id, actor=who.me().actor)
    return stands(till.store_id, tender_id)[0], 200
