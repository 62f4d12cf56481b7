"""Codes that nobody sells: reported at the till or sold there as a temporary item, settled by the head office."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Refused
from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.approving import Elevated, elevated
from trade.catalogue import unknown
from trade.pricing import temporary
from trade.stores.approvals.moves import ApprovalOver
from trade.stores.approvals.states import Action

bp = blueprint("unknown_codes", "/api", who.identify)
Code = Field(pattern=r"^[\x1d!-~]{2,90}$")


class ReportForm(WriteForm):
    """A code as it was scanned, and what lies on the counter in the cashier's words."""

    code: str = Code
    note: str = Field("", max_length=100)


class TemporaryNeedsApproval(Refused):
    """A temporary item needs a manager's word, `action`: its price is nobody's but the cashier's."""

    code = "temporary_needs_approval"


class TemporaryForm(WriteForm, Elevated):
    """What lies on the counter and is not in the catalogue, for how much a piece; `code` is empty where it has none."""

    code: str = Field("", pattern=r"^([\x1d!-~]{2,90})?$")
    name: str = Field(min_length=1, max_length=40, pattern=r"\S")
    price_fen: int = Field(gt=0, le=100_000_000)


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


@bp.post("/pos/temporary-items")
@permit("pos.sell")
@bp.input(TemporaryForm)
def sell_unlisted(json_data: TemporaryForm) -> Reply:
    """Make a temporary item for this store, for a day: 201 with the `item` as a scan gives it; its code is reported.

    409 `temporary_needs_approval` without the right `pos.temporary`: the approval's `what` has the price as
    `after_fen`, its subject is `temporary`.
    """
    store_id, me = who.till().store_id, who.me()

    def work(opened: Session) -> Reply:
        form, name = json_data, json_data.name.strip()
        if "pos.temporary" not in me.permissions:
            _approved(opened, form, name)
        made = {"actor": me.actor, "now": g.now}
        item = temporary.make(opened, store_id, name, form.price_fen, **made)
        if form.code:
            note = f"{name} {form.price_fen // 100}.{form.price_fen % 100:02d}"
            unknown.report(opened, store_id, form.code, note, **made)
        return {"item": item}, 201

    return once(json_data, work)


def _approved(opened: Session, form: TemporaryForm, name: str) -> None:
    action = Action.TEMPORARY_ITEM
    if not form.approval_ids:
        raise TemporaryNeedsApproval(action=action.value)
    given = elevated(opened, form, action, subject="temporary", name=name, price_fen=form.price_fen)
    if given.what.get("after_fen") != form.price_fen:
        raise ApprovalOver(action=action.value)


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
