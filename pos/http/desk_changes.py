"""What changes about a parcel while it is picked: something is lacking, the customer cancels, a message is repeated."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, permit, session
from pos.http import who
from pos.http.desk_step import step
from trade.fulfilment import notices, parcels
from trade.orders import cancelling, fulfil, lacking, substituting
from trade.stock.rejects import Reason

bp = blueprint("desk_changes", "/api/desk/parcels", who.identify)


class LackForm(Form):
    """How many units of a line lie in the tote in all (`found_qty`, 0 for none): the rest is given up."""

    line_no: int = Field(ge=1)
    found_qty: int = Field(ge=0)


class ShortForm(WriteForm, LackForm):
    """The same, and why."""

    reason: Reason = Reason.NOT_FOUND


class SubstituteForm(WriteForm):
    """What is given instead of a line, and why it is lacking."""

    line_no: int = Field(ge=1)
    by_sku_id: int
    reason: Reason = Reason.NOT_FOUND


class NoticeForm(WriteForm):
    """Which message is sent again."""

    event: str = Field("ready", max_length=40)


@bp.post("/<int:parcel_id>/short")
@permit("desk.fulfil")
@bp.input(ShortForm)
def short(parcel_id: int, json_data: ShortForm) -> Reply:
    """Part of a line, or all of it, is not there: its money goes back in the same step, exactly.

    A parcel of which nothing is left ends (`cancelled`); an order of which nothing is left ends with it.
    """

    def work(opened: Session, parcel: Any, actor: str) -> None:
        found = (json_data.line_no, json_data.found_qty)
        fulfil.found(opened, parcel, *found, json_data.reason, actor=actor, now=g.now)

    return step(json_data, parcel_id, work)


@bp.post("/<int:parcel_id>/short/preview")
@permit("desk.fulfil")
@bp.input(LackForm)
def short_preview(parcel_id: int, json_data: LackForm) -> Reply:
    """What `short` with the same figures would give back, exactly; changes nothing.  `whole`: the order ends by it.

    A parcel of an after-sales case has no money: it goes back to its case.
    """
    parcel = parcels.here(session(), who.own_store(), parcel_id)
    if parcel.case_id is not None:  # it goes back to its after-sales case
        return {"refund_fen": 0, "points_back": 0, "whole": False}, 200
    found, whole = lacking.preview(session(), parcel, json_data.line_no, json_data.found_qty, now=g.now)
    return {"refund_fen": found.refund_fen, "points_back": found.points_back, "whole": whole}, 200


@bp.post("/<int:parcel_id>/substitute")
@permit("desk.fulfil")
@bp.input(SubstituteForm)
def substitute(parcel_id: int, json_data: SubstituteForm) -> Reply:
    """Give something else: at once where the customer agreed before, else they are asked (`lines[].substitutes`).

    409 `no_substitute`, `out_of_stock`: nothing changed.
    """

    def work(opened: Session, parcel: Any, actor: str) -> None:
        what = (json_data.line_no, json_data.by_sku_id, json_data.reason)
        substituting.offer(opened, parcel, *what, actor=actor, now=g.now)

    return step(json_data, parcel_id, work)


@bp.post("/<int:parcel_id>/cancel/agree")
@permit("desk.fulfil")
@bp.input(WriteForm)
def agree(parcel_id: int, json_data: WriteForm) -> Reply:
    """The customer may cancel what is being picked: it goes back on the shelf, the money goes back."""
    return step(json_data, parcel_id, lambda s, parcel, actor: cancelling.agree(s, parcel, actor=actor, now=g.now))


@bp.post("/<int:parcel_id>/cancel/decline")
@permit("desk.fulfil")
@bp.input(WriteForm)
def decline(parcel_id: int, json_data: WriteForm) -> Reply:
    """It is as good as ready: it goes on."""
    return step(json_data, parcel_id, lambda s, parcel, actor: cancelling.decline(s, parcel, actor=actor, now=g.now))


@bp.post("/<int:parcel_id>/notify")
@permit("desk.fulfil")
@bp.input(NoticeForm)
def notify(parcel_id: int, json_data: NoticeForm) -> Reply:
    """Send a message again, at most three times.  409 `resend_limit`."""
    event = json_data.event
    return step(
        json_data, parcel_id, lambda s, parcel, actor: notices.send_again(s, parcel, event, actor=actor, now=g.now)
    )
