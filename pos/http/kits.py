"""Kits: what the head office sells as one thing that is several."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.goods import GoodsLine, page, wanted
from trade.catalogue import kits

bp = blueprint("kit", "/api/desk/kits", who.identify)


class KitsQuery(Form):
    """`after` is the last sku of the page before."""

    after: int = 0
    most: int = Field(100, ge=1, le=500)


class KitForm(WriteForm):
    """A sku that was never stocked, and how many of which others it is; for ever."""

    sku_id: int
    lines: list[GoodsLine] = Field(min_length=1, max_length=50)


@bp.get("")
@permit("stock.read")
@bp.input(KitsQuery, location="query")
def listed(query_data: KitsQuery) -> Reply:
    """Kits with their parts."""
    found = kits.listed(session(), after=query_data.after, most=query_data.most)
    return page("kits", found, query_data.most, by="sku_id"), 200


@bp.post("")
@permit("office.prices")
@bp.input(KitForm)
def define(json_data: KitForm) -> Reply:
    """Make a sku a kit: 201; 409 `kit_not_possible` with `why`.  Another composition is another sku."""
    parts = wanted(json_data.lines)
    if json_data.sku_id in parts:
        raise Malformed(fields={"lines": "a kit is not part of itself"})

    def work(opened: Session) -> Reply:
        kits.define(opened, json_data.sku_id, parts, actor=who.me().actor, now=g.now)
        return {"kit": kits.listed(opened, after=json_data.sku_id - 1, most=1)[0]}, 201

    return once(json_data, work)
