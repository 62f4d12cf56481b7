"""How scale labels read: set by the head office."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.catalogue import labels, layouts

bp = blueprint("labels", "/api/desk/label-layouts", who.identify)


class LayoutsForm(WriteForm):
    """The layouts of a store, or of the chain (0); an empty list takes back what was set."""

    store_id: int = Field(0, ge=0)
    layouts: list[str] = Field(max_length=20)


@bp.get("")
@permit("office.read")
def shown() -> Reply:
    """What was set, by store (0: the chain), and the `default` where nothing was."""
    return {"layouts": layouts.listed(session()), "default": list(labels.DEFAULT)}, 200


@bp.post("")
@permit("office.labels")
@bp.input(LayoutsForm)
def put(json_data: LayoutsForm) -> Reply:
    """Set them; tills know within a minute.  422 `layout_not_sound` with a sentence for each; 404: no such store."""

    def work(opened: Session) -> Reply:
        layouts.put(opened, json_data.store_id, json_data.layouts, actor=who.me().actor, now=g.now)
        return {"layouts": layouts.listed(opened)}, 200

    return once(json_data, work)
