"""Counting while the shop sells: blind for whoever counts, revealed to whoever posts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.goods import PapersQuery, papers
from trade.fulfilment import lost
from trade.stock import counts
from trade.stock.papers import read

bp = blueprint("count", "/api/desk/counts", who.identify)
AHEAD = timedelta(minutes=2)
"""So far a device's clock may be ahead of ours."""


class CountForm(WriteForm):
    """Some skus, or those whose shelf begins so, or those whose count is due; one of the three."""

    sku_ids: list[int] = Field(default_factory=list, max_length=2_000)
    shelf: str = Field("", max_length=40)
    due: bool = False
    name: str = Field("", max_length=60)
    recount_above: int = Field(3, ge=0, le=1_000_000)


class ScanLine(Form):
    """Units of a sku on the shelf at a moment (now, if it is left out); several of one sku add up."""

    sku_id: int
    qty: int = Field(ge=0, le=100_000_000)
    at: AwareDatetime | None = None


class CountedForm(WriteForm):
    """What was counted."""

    lines: list[ScanLine] = Field(min_length=1, max_length=500)


class RecountForm(WriteForm):
    """Skus to count once more; what was scanned of them counts no more."""

    sku_ids: list[int] = Field(min_length=1, max_length=2_000)


class PostCountForm(WriteForm):
    """`leave_uncounted`: what nobody scanned stays as it is."""

    leave_uncounted: bool = False


@bp.get("")
@permit("stock.read")
@bp.input(PapersQuery, location="query")
def listed(query_data: PapersQuery) -> Reply:
    """Counts of one's store, newest first; the head office sees all, or one store's."""
    return papers("counts", read.counts, query_data), 200


@bp.get("/<int:count_id>")
@permit("stock.read")
def one(count_id: int) -> Reply:
    """One count with its lines by shelf; blind while it is open, with what is in totes and set apart."""
    return {"count": read.count(session(), who.me().store_id or 0, count_id)}, 200


@bp.get("/<int:count_id>/variances")
@permit("stock.post")
def variances(count_id: int) -> Reply:
    """What an open count has found so far against what is expected; `again` are those that post would refuse."""
    head = read.count(session(), who.own_store(), count_id)
    found = counts.variances(session(), head["store_id"], count_id, recount_above=head["recount_above"])
    return {"lines": counts.reveal(found)}, 200


@bp.post("")
@permit("stock.count")
@bp.input(CountForm)
def begin(json_data: CountForm) -> Reply:
    """Begin to count: 201.  422 when nothing is to be counted."""
    store_id = who.own_store()
    if sum((bool(json_data.sku_ids), bool(json_data.shelf), json_data.due)) != 1:
        raise Malformed(fields={"sku_ids": "skus, a shelf, or due: one of the three"})

    def work(opened: Session) -> Reply:
        skus = json_data.sku_ids or counts.choose(opened, store_id, shelf=json_data.shelf, due=json_data.due)
        if not skus:
            raise Malformed(fields={"shelf": "nothing is to be counted"})
        more: dict[str, Any] = {"name": json_data.name or json_data.shelf, "recount_above": json_data.recount_above}
        made = counts.open_count(opened, store_id, skus, **more, actor=who.me().actor, now=g.now)
        return {"count": read.count(opened, store_id, made)}, 201

    return once(json_data, work)


@bp.post("/<int:count_id>/scans")
@permit("stock.count")
@bp.input(CountedForm)
def scan(count_id: int, json_data: CountedForm) -> Reply:
    """Note what was counted, each with its moment.  409 `not_in_count`, `wrong_state`."""
    store_id = who.own_store()
    said = [(line.sku_id, line.qty, line.at or g.now) for line in json_data.lines]
    if any(at > g.now + AHEAD for _, _, at in said):
        raise Malformed(fields={"at": "a scan cannot be of the future"})

    def work(opened: Session) -> Reply:
        counts.scan(opened, store_id, count_id, said, actor=who.me().actor)
        return {"count": read.count(opened, store_id, count_id)}, 200

    return once(json_data, work)


@bp.post("/<int:count_id>/again")
@permit("stock.count")
@bp.input(RecountForm)
def again(count_id: int, json_data: RecountForm) -> Reply:
    """A second turn for some skus."""
    store_id = who.own_store()

    def work(opened: Session) -> Reply:
        counts.count_again(opened, store_id, count_id, json_data.sku_ids)
        return {"count": read.count(opened, store_id, count_id)}, 200

    return once(json_data, work)


@bp.post("/<int:count_id>/post")
@permit("stock.post")
@bp.input(PostCountForm)
def post(count_id: int, json_data: PostCountForm) -> Reply:
    """Put the figures right.  409 `recount_needed`, `not_all_counted`; `order_ids` lost goods and are routed anew."""
    store_id = who.own_store()

    def work(opened: Session) -> Reply:
        by = {"actor": who.me().actor, "now": g.now}
        broken = counts.post(opened, store_id, count_id, leave_uncounted=json_data.leave_uncounted, **by)
        lost.tell(opened, store_id, broken, **by)
        orders = sorted({one.order_id for one in broken})
        return {"count": read.count(opened, store_id, count_id), "order_ids": orders}, 200

    return once(json_data, work)


@bp.post("/<int:count_id>/abandon")
@permit("stock.count")
@bp.input(WriteForm)
def abandon(count_id: int, json_data: WriteForm) -> Reply:
    """Give a count up; no figure changes."""
    store_id = who.own_store()

    def work(opened: Session) -> Reply:
        counts.abandon(opened, store_id, count_id, actor=who.me().actor, now=g.now)
        return {"count": read.count(opened, store_id, count_id)}, 200

    return once(json_data, work)
