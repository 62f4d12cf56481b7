"""What a store has: every bucket, what moved it, what is not for sale, and where else goods stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.goods import GoodsLine, StoreQuery, page, wanted
from trade.stock import availability, buffers, count_due, quarantine, read, told
from trade.stock.rows import as_json

bp = blueprint("stock", "/api/desk/stock", who.identify)
Reason = Field(min_length=1, max_length=200)


class LevelsQuery(StoreQuery):
    """Words (part of a name, initials, or a barcode), a doubt, and `after`, the last sku of the page before."""

    q: str = Field("", max_length=40)
    doubt: Literal["", "negative", "count_due", "quarantine", "in_transit", "promised"] = ""
    after: int = 0
    most: int = Field(read.PAGE, ge=1, le=500)


class AfterQuery(StoreQuery):
    """`after` is the last sku of the page before."""

    after: int = 0
    most: int = Field(read.PAGE, ge=1, le=500)


class MovementsQuery(StoreQuery):
    """`before` is the moment of the last row of the page before."""

    before: AwareDatetime | None = None
    most: int = Field(read.PAGE, ge=1, le=500)


class ApartForm(WriteForm):
    """Goods of a store, and why; the head office names the store."""

    store_id: int | None = None
    lines: list[GoodsLine] = Field(min_length=1, max_length=500)
    reason: str = Reason


class WriteOffForm(ApartForm):
    """Out of quarantine, or with `quarantined` false from the shelf."""

    quarantined: bool = True


class DoubtForm(WriteForm):
    """Skus that somebody should count; until then the mall shows none of them."""

    sku_ids: list[int] = Field(min_length=1, max_length=500)
    reason: str = Reason


class KeptLine(Form):
    """What is kept of one sku from online customers: against wrong figures, and for who walks in."""

    sku_id: int
    safety: int = Field(ge=0, le=1_000_000)
    till_buffer: int = Field(ge=0, le=1_000_000)


class BuffersForm(WriteForm):
    """What a store keeps from now on; the head office names the store."""

    store_id: int | None = None
    lines: list[KeptLine] = Field(min_length=1, max_length=2_000)


@bp.get("/levels")
@permit("stock.read")
@bp.input(LevelsQuery, location="query")
def levels(query_data: LevelsQuery) -> Reply:
    """Every bucket of a store's skus, with when it moved and was counted; `next` is what to ask on with."""
    of = query_data.model_dump(exclude={"store_id"})
    found = read.levels(session(), who.store_of(query_data.store_id), **of)
    return page("levels", found, query_data.most, by="sku_id"), 200


@bp.get("/skus/<int:sku_id>/movements")
@permit("stock.read")
@bp.input(MovementsQuery, location="query")
def movements(sku_id: int, query_data: MovementsQuery) -> Reply:
    """What moved a sku's figures, the newest first."""
    store_id, most = who.store_of(query_data.store_id), query_data.most
    found = read.movements(session(), store_id, sku_id, before=query_data.before, most=most)
    return page("movements", found, most, by="at"), 200


@bp.get("/skus/<int:sku_id>/promises")
@permit("stock.read")
@bp.input(StoreQuery, location="query")
def promises(sku_id: int, query_data: StoreQuery) -> Reply:
    """Which orders and promotions a sku is promised to."""
    return {"promises": read.promises(session(), who.store_of(query_data.store_id), sku_id)}, 200


@bp.get("/skus/<int:sku_id>/elsewhere")
@permit("pos.read")
def elsewhere(sku_id: int) -> Reply:
    """What every store that sells it has free for online customers, the most first, with the age of the figure."""
    found = availability.across(session(), [sku_id])
    return {"stores": as_json(found)}, 200


@bp.get("/quarantine")
@permit("stock.read")
@bp.input(AfterQuery, location="query")
def set_apart(query_data: AfterQuery) -> Reply:
    """What is in the shop and not for sale, with the last reason."""
    store_id, most = who.store_of(query_data.store_id), query_data.most
    found = quarantine.there(session(), store_id, after=query_data.after, most=most)
    return page("goods", found, most, by="sku_id"), 200


def _goods(form: ApartForm, verb: str, act: Callable[..., list[int]], **more: bool) -> Reply:
    store_id, goods = who.store_of(form.store_id), wanted(form.lines)
    key = f"{verb}:{form.request_id.lower()}"

    def work(opened: Session) -> Reply:
        by = {"key": key, "reason": form.reason, "actor": who.me().actor, "now": g.now}
        return {"sku_ids": act(opened, store_id, goods, **by, **more)}, 200

    return once(form, work)


@bp.post("/quarantine")
@permit("stock.move")
@bp.input(ApartForm)
def put_apart(json_data: ApartForm) -> Reply:
    """Set free goods apart.  409 `out_of_stock` when less is free."""
    return _goods(json_data, "quarantine", quarantine.quarantine)


@bp.post("/quarantine/release")
@permit("stock.post")
@bp.input(ApartForm)
def release(json_data: ApartForm) -> Reply:
    """Goods set apart are for sale again.  409 `not_in_quarantine`."""
    return _goods(json_data, "release", quarantine.unquarantine)


@bp.post("/write-off")
@permit("stock.post")
@bp.input(WriteOffForm)
def write_off(json_data: WriteOffForm) -> Reply:
    """Goods are thrown away.  409 `not_in_quarantine` or `out_of_stock`."""
    return _goods(json_data, "write-off", quarantine.write_off, quarantined=json_data.quarantined)


@bp.get("/doubts")
@permit("stock.read")
@bp.input(AfterQuery, location="query")
def doubts(query_data: AfterQuery) -> Reply:
    """What waits to be counted, with its shelf, since when and why."""
    store_id, most = who.store_of(query_data.store_id), query_data.most
    found = count_due.due(session(), store_id, after=query_data.after, most=most)
    return page("goods", found, most, by="sku_id"), 200


@bp.post("/doubts")
@permit("stock.count")
@bp.input(DoubtForm)
def doubt(json_data: DoubtForm) -> Reply:
    """The figure of these skus is in doubt: the mall shows none until they are counted."""
    store_id = who.own_store()

    def work(opened: Session) -> Reply:
        by = {"actor": who.me().actor, "now": g.now}
        count_due.raise_due(opened, store_id, json_data.sku_ids, reason=json_data.reason, **by)
        told.changed(opened, store_id, json_data.sku_ids, cause="doubted", **by)
        return {"goods": count_due.due(opened, store_id)}, 200

    return once(json_data, work)


@bp.post("/buffers")
@permit("stock.post")
@bp.input(BuffersForm)
def keep(json_data: BuffersForm) -> Reply:
    """Keep so much of each sku from online customers; answers the skus that changed."""
    store_id = who.store_of(json_data.store_id)
    kept = {line.sku_id: (line.safety, line.till_buffer) for line in json_data.lines}

    def work(opened: Session) -> Reply:
        return {"sku_ids": buffers.keep(opened, store_id, kept, actor=who.me().actor, now=g.now)}, 200

    return once(json_data, work)
