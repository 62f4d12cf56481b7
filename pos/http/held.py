"""Baskets put aside at the counter: hold, list, take up under a lease, and what became dearer meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from config.db import transaction
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from member import identity
from pos.http import who
from pos.http.approving import Elevated, elevated
from pos.http.baskets import HELD_ID, CounterForm, Noted, basket
from pos.http.members import members_json
from trade.orders.held import compare, moves, read
from trade.orders.held.moves import Hand
from trade.pricing import prices
from trade.stores import shops
from trade.stores.approvals.states import Action

_KEPT = {"lines", "discount_fen", "barred", "member_id", "tags", "print_notes"}

bp = blueprint("held", "/api/pos/held", who.identify)


class ShownLine(Form):
    """What the customer was shown of a line."""

    name: str = Field(max_length=200)
    net_fen: int = Field(ge=0, le=100_000_000)


class HoldForm(WriteForm, CounterForm, Noted):
    """A basket to put aside under an id of the till's own; `version` as this till was given it, 0 for a new one.

    What would need the member's code (points, coupons, stored value) is not kept.  `tags` is what stood on the labels
    of lines, by their place, for the till to show again.  `shown` is what each line cost on its screen when it was put
    aside, which may be long before it is shared; what it costs when it is taken up is compared with that.
    """

    id: str = HELD_ID
    version: int = Field(0, ge=0)
    tags: dict[int, dict[str, str | int | bool | None]] = Field(default_factory=dict, max_length=200)
    shown: list[ShownLine] = Field(default_factory=list, max_length=200)
    shown_fen: int = Field(0, ge=0, le=100_000_000)

    @model_validator(mode="after")
    def _all_or_none(self) -> HoldForm:
        if self.shown and len(self.shown) != len(self.lines):
            raise ValueError("shown is of every line, or of none")
        return self


class ResumeForm(WriteForm, Elevated):
    """Take one up; an approval of `take_over` takes it from the till that edits it."""


class RenewForm(WriteForm):
    """The version that this till was given."""

    version: int = Field(ge=1)


@bp.post("")
@permit("pos.sell")
@bp.input(HoldForm)
def hold(json_data: HoldForm) -> Reply:
    """Put a basket aside, or back: 201 `{held}`; nothing of it is promised in stock.

    Told again it is answered as it stands, whatever became of it: 409 `held_moved_on` when it was taken over, sold or
    dropped meanwhile.
    """
    till, me, form = who.till(), who.me(), json_data

    def work(opened: Session) -> Reply:
        kept = form.model_dump(include=_KEPT, exclude_defaults=True)
        aside = compare.aside(opened, basket(form, till.store_id), kept, note=form.note.strip(), now=g.now)
        if form.shown:
            lines = [
                {"sku_id": line.sku_id, "qty": line.qty, **one.model_dump()}
                for line, one in zip(form.lines, form.shown, strict=True)
            ]
            aside = compare.shown(aside, lines, form.shown_fen)
        by: dict[str, Any] = {"till_id": till.id, "staff_id": me.id, "now": g.now}
        row = moves.hold(opened, till.store_id, Hand(form.id, form.version), aside, **by)
        return {"held": {"id": row.id, "version": row.version, "state": row.state}}, 201

    return once(form, work)


@bp.get("")
@permit("pos.read")
def listed() -> Reply:
    """What the store's tills put aside, the oldest first, and what expired with the last business days: `{held}`."""
    return {"held": read.listed(session(), who.till().store_id, now=g.now)}, 200


@bp.post("/<held_id>/resume")
@permit("pos.sell")
@bp.input(ResumeForm)
def resume(held_id: str, json_data: ResumeForm) -> Reply:
    """Take a basket up under a lease: `{held: {id, version, lease_until, note, print_notes, member,
    discount_fen, barred, lines}, changes}`.

    `changes` are the lines that cost otherwise now than when it was held: {line, name, before_fen, after_fen}, with
    their place among the lines from 0; both null for what is not sold any more.  409 `held_elsewhere` while another
    till edits it, `held_moved_on` when it was sold, dropped or is over.
    """
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        by: dict[str, Any] = {"till_id": till.id, "staff_id": me.id, "now": g.now}
        if json_data.approval_ids:
            elevated(opened, json_data, Action.TAKE_OVER, subject=f"held:{held_id}")
            by["forced"] = True
        row = moves.resume(opened, till.store_id, held_id, **by)
        return _taken_up(opened, row, till.store_id, g.now), 200

    return once(json_data, work)


def _taken_up(opened: Session, row: Any, store_id: int, now: datetime) -> dict[str, Any]:
    tags = row.basket.get("tags", {})
    beside = {"tags", "print_notes"}
    form = CounterForm.model_validate({name: value for name, value in row.basket.items() if name not in beside})
    compared = compare.now_and_then(opened, basket(form, store_id), row.lines, now=now)
    goods = prices.items(opened, store_id, {line.sku_id for line in form.lines}, now=now)
    away = any(line.at_store_id for line in form.lines)
    names = {one["id"]: one["name"] for one in shops.names(opened)} if away else {}
    lines = [
        as_item(goods[line.sku_id])
        | line.model_dump(exclude_defaults=True)
        | _tagged(tags.get(str(at)))
        | ({"at_store_name": names[line.at_store_id]} if line.at_store_id else {})
        for at, line in enumerate(form.lines)
        if at not in compared.gone
    ]
    member = members_json(opened, [identity.card(opened, row.member_id)])[0] if row.member_id else None
    whole = {"id": row.id, "version": row.version, "note": row.note, "lease_until": row.lease_until.isoformat()}
    whole["print_notes"] = row.basket.get("print_notes", False)
    more = {"member": member, "discount_fen": form.discount_fen, "barred": form.barred, "lines": lines}
    return {"held": whole | more, "changes": compared.changes}


def _tagged(tag: dict[str, Any] | None) -> dict[str, Any]:
    return {"tag": tag} if tag else {}


def as_item(item: Any) -> dict[str, Any]:
    """Goods as a line of the till shows them."""
    names = ("sku_id", "name", "spec", "unit", "weighed", "picture", "category_id")
    price = {"price_fen": item.unit_price_fen, "steps": [list(step) for step in item.steps]}
    return {name: getattr(item, name) for name in names} | price


@bp.post("/<held_id>/renew")
@permit("pos.sell")
@bp.input(RenewForm)
def renew(held_id: str, json_data: RenewForm) -> Reply:
    """The lease goes on while the basket is still on the counter: `{lease_until}`; 409 `held_moved_on` when it is not.

    The till asks every few minutes, so an answer is not kept.
    """
    till = who.till()
    with transaction(session()) as opened:
        until = moves.renew(opened, till.store_id, Hand(held_id, json_data.version), till_id=till.id, now=g.now)
    return {"lease_until": until.isoformat()}, 200
