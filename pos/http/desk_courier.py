"""Parcels that are brought, and those that come back (till-and-store-desk.md 3.19)."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, permit
from pos.http import who
from pos.http.desk_step import step
from trade.orders import courier, no_show

bp = blueprint("desk_courier", "/api/desk/parcels", who.identify)


class PackForm(WriteForm):
    """How many bags, and the seal of each, or none."""

    bags: int = Field(1, ge=1, le=50)
    seals: list[str] = Field(default_factory=list, max_length=50)


class UnpackForm(WriteForm):
    """Why the packing is taken back."""

    reason: str = Field(min_length=2, max_length=200)


class CallForm(WriteForm):
    """Who fetches it, and under which number."""

    carrier: str = Field(min_length=1, max_length=40)
    tracking_no: str = Field("", max_length=60)


class TrackingForm(WriteForm):
    """Who carries it, and under which number, as it really is."""

    carrier: str = Field(min_length=1, max_length=40)
    tracking_no: str = Field(min_length=4, max_length=60)


class BagsForm(WriteForm):
    """What was scanned: bags, and the seals on them."""

    bags: int = Field(ge=0, le=50)
    seals: list[str] = Field(default_factory=list, max_length=50)


class HandForm(BagsForm):
    """The same, with carrier and number where they are known only now."""

    carrier: str | None = Field(None, max_length=40)
    tracking_no: str | None = Field(None, max_length=60)


class FailForm(WriteForm):
    """Why it did not arrive."""

    because: courier.Failed


class FoundLine(Form):
    """What came back of one line; the rest of it is missing."""

    line_no: int = Field(ge=1)
    good: int = Field(0, ge=0)
    damaged: int = Field(0, ge=0)


class BackForm(BagsForm):
    """The bags that came back, and what the inspection found in them."""

    lines: list[FoundLine] = Field(default_factory=list, max_length=200)


@bp.post("/<int:parcel_id>/pack")
@permit("desk.fulfil")
@bp.input(PackForm)
def pack(parcel_id: int, json_data: PackForm) -> Reply:
    """All is packed and sealed.  409 `not_all_picked`, `cancel_asked`, `wrong_mode`."""
    bags: dict[str, Any] = {"bags": json_data.bags, "seals": json_data.seals}
    return step(json_data, parcel_id, lambda s, parcel, actor: courier.pack(s, parcel, **bags, actor=actor, now=g.now))


@bp.post("/<int:parcel_id>/unpack")
@permit("pos.approve")
@bp.input(UnpackForm)
def unpack(parcel_id: int, json_data: UnpackForm) -> Reply:
    """A manager takes the packing back before it leaves: it is picked again."""
    why = json_data.reason
    return step(
        json_data, parcel_id, lambda s, parcel, actor: courier.unpack(s, parcel, reason=why, actor=actor, now=g.now)
    )


@bp.post("/<int:parcel_id>/call-courier")
@permit("desk.fulfil")
@bp.input(CallForm)
def call(parcel_id: int, json_data: CallForm) -> Reply:
    """A courier is on the way."""
    by = {"carrier": json_data.carrier, "tracking_no": json_data.tracking_no}
    return step(json_data, parcel_id, lambda s, parcel, actor: courier.call(s, parcel, **by, actor=actor, now=g.now))


@bp.post("/<int:parcel_id>/hand")
@permit("desk.fulfil")
@bp.input(HandForm)
def hand(parcel_id: int, json_data: HandForm) -> Reply:
    """Scanned out to the courier: stock leaves.  409 `seals_differ`, `bags_differ`: nothing left."""
    staff_id = who.me().id
    given: dict[str, Any] = json_data.model_dump(include={"bags", "seals", "carrier", "tracking_no"})

    def work(opened: Session, parcel: Any, actor: str) -> None:
        courier.hand(opened, parcel, **given, staff_id=staff_id, actor=actor, now=g.now)

    return step(json_data, parcel_id, work)


@bp.post("/<int:parcel_id>/tracking")
@permit("desk.fulfil")
@bp.input(TrackingForm)
def tracking(parcel_id: int, json_data: TrackingForm) -> Reply:
    """Another carrier or number than was written when it left.  409 `shipping_corrected`: WeChat allows this once."""
    by = {"carrier": json_data.carrier, "tracking_no": json_data.tracking_no}
    return step(
        json_data, parcel_id, lambda s, parcel, actor: courier.renumber(s, parcel, **by, actor=actor, now=g.now)
    )


@bp.post("/<int:parcel_id>/delivered")
@permit("desk.fulfil")
@bp.input(WriteForm)
def delivered(parcel_id: int, json_data: WriteForm) -> Reply:
    """It arrived."""
    return step(json_data, parcel_id, lambda s, parcel, actor: courier.deliver(s, parcel, actor=actor, now=g.now))


@bp.post("/<int:parcel_id>/failed")
@permit("desk.fulfil")
@bp.input(FailForm)
def failed(parcel_id: int, json_data: FailForm) -> Reply:
    """It did not arrive and is on its way back."""
    because = json_data.because
    return step(json_data, parcel_id, lambda s, parcel, actor: courier.fail(s, parcel, because, actor=actor, now=g.now))


@bp.post("/<int:parcel_id>/came-back")
@permit("desk.fulfil")
@bp.input(BackForm)
def came_back(parcel_id: int, json_data: BackForm) -> Reply:
    """It is back and inspected: good units are for sale, damaged ones set apart, missing ones lost; it is refunded."""
    found = {line.line_no: courier.Found(line.good, line.damaged) for line in json_data.lines}
    given: dict[str, Any] = {"bags": json_data.bags, "seals": json_data.seals, "found": found}
    return step(
        json_data, parcel_id, lambda s, parcel, actor: courier.come_back(s, parcel, **given, actor=actor, now=g.now)
    )


@bp.post("/<int:parcel_id>/put-back")
@permit("desk.fulfil")
@bp.input(WriteForm)
def put_back(parcel_id: int, json_data: WriteForm) -> Reply:
    """What nobody fetched is back on the shelf; it is refunded."""
    return step(json_data, parcel_id, lambda s, parcel, actor: no_show.put_back(s, parcel, actor=actor, now=g.now))
