"""The cash drawer without a sale."""

from __future__ import annotations

from flask import g
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit
from pos.http import who
from pos.http.approving import Elevated, elevated
from trade.orders.shifts import read as shifts
from trade.stores import drawer
from trade.stores.approvals.states import Action

bp = blueprint("drawer", "/api/pos/drawer", who.identify)


class DrawerForm(WriteForm, Elevated):
    """A manager's word for opening it."""


@bp.post("/open")
@permit("pos.sell")
@bp.input(DrawerForm)
def open_without_sale(json_data: DrawerForm) -> Reply:
    """May the till open its drawer without a sale?  201: it may, once; 409 `approval_missing` or `approval_over`.

    The approval is for `no_sale` of `till:<id>`.  The journal says who opened it, why, and with whose word.
    """
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        word = elevated(opened, json_data, Action.NO_SALE, subject=f"till:{till.id}")
        shift_id = shifts.open_id(opened, till)
        drawer.opened(
            opened, till.store_id, till.id, shift_id=shift_id, reason=word.reason, approved_by=word.actor,
            actor=me.actor, now=g.now,
        )  # fmt: skip
        return {"opened_at": g.now.isoformat()}, 201

    return once(json_data, work)
