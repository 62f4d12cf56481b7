"""Codes that nobody sells: reported at the till, settled by the head office."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.catalogue import unknown

bp = blueprint("unknown_codes", "/api", who.identify)
Code = Field(pattern=r"^[\x1d!-~]{2,90}$")


class ReportForm(WriteForm):
    """A code as it was scanned, and what lies on the counter in the cashier's words."""

    code: str = Code
    note: str = Field("", max_length=100)


class SettleForm(WriteForm):
    """Which code of which store, and what was done."""

    store_id: int
    code: str = Code
    note: str = Field(min_length=1, max_length=200)


@bp.post("/pos/unknown-codes")
@permit("pos.sell")
@bp.input(ReportForm)
def report(json_data: ReportForm) -> Reply:
    """Report a code: 201 with how many `times` it was in this store."""
    store_id, me = who.till().store_id, who.me()

    def work(opened: Session) -> Reply:
        told = {"actor": me.actor, "now": g.now}
        return {"times": unknown.report(opened, store_id, json_data.code, json_data.note, **told)}, 201

    return once(json_data, work)


@bp.get("/desk/unknown-codes")
@permit("office.read")
def waiting() -> Reply:
    """What was reported and is not settled, newest first, at most 200; `sku_id` where goods bear the code by now."""
    return {"codes": unknown.waiting(session())}, 200


@bp.post("/desk/unknown-codes/settle")
@permit("office.labels")
@bp.input(SettleForm)
def settle(json_data: SettleForm) -> Reply:
    """It was seen to. 404 when no such code waits."""

    def work(opened: Session) -> Reply:
        form = json_data
        unknown.settle(opened, form.store_id, form.code, form.note, actor=who.me().actor, now=g.now)
        return {"codes": unknown.waiting(opened)}, 200

    return once(json_data, work)
