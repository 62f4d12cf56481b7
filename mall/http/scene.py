"""Codes that customers scan: which store, product, guide or friend they came by."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import transaction
from config.http import Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from member import referral
from trade.settlement.credits import owners
from trade.stores.scenes import moves as scenes
from trade.stores.scenes.moves import Behind

bp = blueprint("scene", "/api/mall", who.identify)


class SceneForm(WriteForm):
    """A code as it was scanned."""

    code: str = Field(max_length=60)


def _shown(opened: Session, behind: Behind) -> dict[str, Any]:
    invite = referral.code_of(opened, behind.member_id) if behind.member_id else None
    return {
        "kind": behind.kind,
        "store_id": behind.store_id,
        "staff_id": behind.staff_id,
        "product_id": behind.product_id,
        "invite": invite,
    }


@bp.get("/scene/<code>")
@permit("public")
def look(code: str) -> Reply:
    """What stands behind a code, for a guest too: `{"scene": {kind, store_id, staff_id, product_id, invite}}`.

    `kind`: S store, T table or shelf, G guide, P product, M a friend, whose `invite` is given at sign-in.  404 when
    the code is none of ours or was taken back.
    """
    with transaction(session()) as opened:
        return {"scene": _shown(opened, scenes.resolve(opened, code))}, 200


@bp.post("/scene")
@permit("mall.order")
@bp.input(SceneForm)
def scan(json_data: SceneForm) -> Reply:
    """Remember which store or guide the customer came by; answers as the look, with `remembered`.  404 not ours.

    `remembered` is false for a friend's code, and for a guide's own: nobody is credited for themselves.
    """
    member_id = who.me().member_id

    def work(opened: Session) -> Reply:
        behind = scenes.resolve(opened, json_data.code)
        remembered = behind.store_id is not None and owners.scanned(
            opened, member_id, behind.store_id, staff_id=behind.staff_id, now=g.now
        )
        return {"scene": _shown(opened, behind), "remembered": remembered}, 200

    return once(json_data, work)
