"""Codes that customers scan in stores: which store, or which guide, they came by."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit
from mall.http import who
from trade.settlement.credits import codes, owners

bp = blueprint("scene", "/api/mall", who.identify)


class SceneForm(WriteForm):
    """A code as it was scanned."""

    code: str = Field(max_length=60)


@bp.post("/scene")
@permit("mall.order")
@bp.input(SceneForm)
def scan(json_data: SceneForm) -> Reply:
    """Remember which store or guide the customer came by; `{"store_id", "staff_id"}`, 404 when the code is not ours."""
    member_id = who.me().member_id

    def work(opened: Session) -> Reply:
        store_id, staff_id = codes.read(json_data.code)
        owners.scanned(opened, member_id, store_id, staff_id=staff_id, now=g.now)
        return {"store_id": store_id, "staff_id": staff_id}, 200

    return once(json_data, work)
