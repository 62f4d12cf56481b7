"""Mini-program codes of a store: the poster's, shelves', products' and guides', to be printed."""

from __future__ import annotations

from typing import Literal

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import let_go, transaction
from config.errors import Malformed, WeChatBusy
from config.http import Reply, WriteForm, blueprint, once, permit, session
from config.wechat.given import WeChatFailed
from config.wechat.ready import codes as wechat_codes
from pos.http import who
from trade.stores import staff
from trade.stores.scenes import moves as scenes

bp = blueprint("scene_codes", "/api/desk/codes", who.identify)


class CodeForm(WriteForm):
    """S the store's poster; T a table or shelf by its `label`; G a guide by `staff_id`; P a product by `product_id`.

    `phone` is the guide's own: what they scan and buy themselves does not count for them.
    """

    kind: Literal["S", "T", "G", "P"]
    staff_id: int | None = None
    product_id: int | None = None
    label: str = Field("", max_length=20)
    phone: str | None = Field(None, min_length=11, max_length=20)


def _store() -> int:
    store_id = who.me().store_id
    if store_id is None:
        raise Malformed(fields={"store": "codes are a store's own"})
    return int(store_id)


@bp.get("")
@permit("desk.read")
def listed() -> Reply:
    """`{"codes": [{id, kind, code, label, name, drawn, made_at}], "guides": [{id, name}]}` of one's own store."""
    return {"codes": scenes.listed(session(), _store()), "guides": staff.of_store(session(), _store())}, 200


@bp.post("")
@permit("desk.answer")
@bp.input(CodeForm)
def make(json_data: CodeForm) -> Reply:
    """Make a code, or find the one in force; answers as the list."""
    fields = {"G": json_data.staff_id, "P": json_data.product_id, "T": json_data.label or None}
    if fields.get(json_data.kind, True) is None:
        raise Malformed(fields={"kind": "lacks what it stands for"})
    store_id, actor = _store(), who.me().actor
    about = {"G": {"staff_id": json_data.staff_id}, "P": {"product_id": json_data.product_id}}.get(json_data.kind, {})
    label = json_data.label if json_data.kind == "T" else ""

    def work(opened: Session) -> Reply:
        if json_data.kind == "G" and json_data.staff_id and json_data.phone:
            staff.own_phone(opened, store_id, json_data.staff_id, json_data.phone, actor=actor, now=g.now)
        scenes.make(opened, json_data.kind, store_id=store_id, **about, label=label, actor=actor, now=g.now)
        return {"codes": scenes.listed(opened, store_id), "guides": staff.of_store(opened, store_id)}, 201

    return once(json_data, work)


@bp.get("/<int:code_id>/picture")
@permit("desk.read")
def picture(code_id: int) -> Response:
    """The code as a picture, drawn by WeChat when it is first looked at; 503 `wechat_busy` when it cannot be now."""
    scene, page, drawn = scenes.picture(session(), _store(), code_id)
    if drawn is None:
        let_go(session())
        try:
            drawn = wechat_codes().draw(scene, page)
        except WeChatFailed as failed:
            raise WeChatBusy(code=failed.code) from failed
        with transaction(session()) as opened:
            scenes.drawn(opened, code_id, drawn)
    kind = "image/png" if drawn.startswith(b"\x89PNG") else "image/jpeg"
    return Response(drawn, 200, content_type=kind, headers={"Cache-Control": "private, max-age=86400"})


@bp.post("/<int:code_id>/revoke")
@permit("desk.answer")
@bp.input(WriteForm)
def revoke(code_id: int, json_data: WriteForm) -> Reply:
    """Take a code back: who scans it finds nothing.  A new one of the same is another code."""
    store_id, actor = _store(), who.me().actor

    def work(opened: Session) -> Reply:
        scenes.revoke(opened, store_id, code_id, actor=actor, now=g.now)
        return {"codes": scenes.listed(opened, store_id), "guides": staff.of_store(opened, store_id)}, 200

    return once(json_data, work)
