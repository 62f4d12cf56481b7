"""Promotions, for the head office: write, publish, pause, end, and how they go together."""

from __future__ import annotations

from typing import Any, Literal

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.orders import seckill
from trade.pricing.promotions import drafts, moves, read
from trade.pricing.promotions.states import PromotionState
from trade.stores.models import CashRounding

bp = blueprint("promotions", "/api/desk/promotions", who.identify)

Deduction = Literal["activity", "add_on", "gift", "goods", "store", "platform", "points"]


class ListQuery(Form):
    """A state, or all; `before` is the last id of the page before."""

    state: PromotionState | None = None
    before: int | None = None
    most: int = Field(read.PAGE, ge=1, le=200)


class PromotionForm(WriteForm):
    """A promotion as `trade/pricing/promotions/drafts.py` has it: `{"name", "kind", "starts", "ends", ...}`."""

    promotion: dict[str, Any]


class SuppliedForm(Form):
    """A sku and how much of it: pieces, or grams of weighed goods."""

    sku_id: int
    qty: int = Field(gt=0, le=1_000_000)


class StockForm(WriteForm):
    """Goods of a store for a seckill."""

    store_id: int
    lines: list[SuppliedForm] = Field(min_length=1, max_length=200)


class SettingsForm(WriteForm):
    """How promotions go together.  `stacking` are excluded pairs (class of the goods, later deduction)."""

    mode: Literal["best", "fixed"]
    member_and_flash: Literal["best", "first"]
    stacking: list[tuple[Literal["list", "member", "flash", "seckill", "multi"], Deduction]] = Field(max_length=35)


class StoreModeForm(WriteForm):
    """One store's mode; None follows the chain."""

    mode: Literal["best", "fixed"] | None


class CashRoundingForm(WriteForm):
    """How a store rounds cash."""

    mode: CashRounding


@bp.get("")
@permit("office.read")
@bp.input(ListQuery, location="query")
def listed(query_data: ListQuery) -> Reply:
    """Promotions, newest first: id, name, kind, state, stands, version, dates, and what is used of a limited one.

    `before` in the answer is what to ask on with; None at the end.
    """
    asked = query_data
    found = read.listed(session(), state=asked.state, before=asked.before, most=asked.most, now=g.now)
    return {"promotions": found, "before": found[-1]["id"] if len(found) == asked.most else None}, 200


@bp.get("/<int:promotion_id>")
@permit("office.read")
def one(promotion_id: int) -> Reply:
    """One promotion: orders, units and off_fen used, its draft, and all versions as they were written."""
    return {"promotion": read.one(session(), promotion_id, now=g.now)}, 200


def _write(form: WriteForm, promotion_id: int, status: int, work: Any) -> Reply:
    def do(opened: Session) -> Reply:
        made = work(opened, who.me().actor)
        return {"promotion": read.one(opened, promotion_id or made, now=g.now)}, status

    return once(form, do)


@bp.post("")
@permit("office.promotions")
@bp.input(PromotionForm)
def draft(json_data: PromotionForm) -> Reply:
    """Write a promotion: 201; 422 `promotion_not_sound` with a sentence for each fault."""
    form = drafts.understood(json_data.promotion)
    return _write(json_data, 0, 201, lambda opened, actor: moves.draft(opened, form, actor=actor, now=g.now))


@bp.post("/<int:promotion_id>")
@permit("office.promotions")
@bp.input(PromotionForm)
def edit(promotion_id: int, json_data: PromotionForm) -> Reply:
    """Write what the next version will be; what is published stays as it is."""
    form = drafts.understood(json_data.promotion)

    def work(opened: Session, actor: str) -> None:
        moves.edit(opened, promotion_id, form, actor=actor, now=g.now)

    return _write(json_data, promotion_id, 200, work)


@bp.post("/<int:promotion_id>/publish")
@permit("office.promotions")
@bp.input(WriteForm)
def publish(promotion_id: int, json_data: WriteForm) -> Reply:
    """Make the draft the next version, in force from the moment it says; 409 `nothing_to_publish`."""
    return _write(
        json_data, promotion_id, 200, lambda opened, actor: moves.publish(opened, promotion_id, actor=actor, now=g.now)
    )


def _move(promotion_id: int, form: WriteForm, event: str) -> Reply:
    return _write(
        form, promotion_id, 200, lambda opened, actor: moves.move(opened, promotion_id, event, actor=actor, now=g.now)
    )


@bp.post("/<int:promotion_id>/pause")
@permit("office.promotions")
@bp.input(WriteForm)
def pause(promotion_id: int, json_data: WriteForm) -> Reply:
    """Take a live promotion out of the book until it is resumed."""
    return _move(promotion_id, json_data, "pause")


@bp.post("/<int:promotion_id>/resume")
@permit("office.promotions")
@bp.input(WriteForm)
def resume(promotion_id: int, json_data: WriteForm) -> Reply:
    """Put a paused promotion back into the book."""
    return _move(promotion_id, json_data, "resume")


@bp.post("/<int:promotion_id>/end")
@permit("office.promotions")
@bp.input(WriteForm)
def end(promotion_id: int, json_data: WriteForm) -> Reply:
    """End a promotion for good; what a seckill did not sell is free again."""
    return _write(
        json_data, promotion_id, 200, lambda opened, actor: seckill.end(opened, promotion_id, actor=actor, now=g.now)
    )


@bp.post("/<int:promotion_id>/stock")
@permit("office.promotions")
@bp.input(StockForm)
def supply(promotion_id: int, json_data: StockForm) -> Reply:
    """Set a store's goods aside for a seckill; 409 `out_of_stock` names what is short, and nothing is set aside."""
    wants: dict[int, int] = {}
    for line in json_data.lines:
        wants[line.sku_id] = wants.get(line.sku_id, 0) + line.qty

    def work(opened: Session, actor: str) -> None:
        seckill.supply(opened, promotion_id, json_data.store_id, wants, actor=actor, now=g.now)

    return _write(json_data, promotion_id, 200, work)


@bp.get("/settings")
@permit("office.read")
def settings() -> Reply:
    """`{"settings": {version, mode, member_and_flash, stacking: [[class, deduction]], stores: {id: mode},
    cash_rounding: {id: mode}}}`.
    """
    return {"settings": read.settings(session())}, 200


@bp.post("/settings")
@permit("office.promotions")
@bp.input(SettingsForm)
def settle(json_data: SettingsForm) -> Reply:
    """Change how promotions go together in the whole chain."""
    plain = json_data.model_dump(exclude={"request_id"})

    def work(opened: Session) -> Reply:
        moves.settle(opened, **plain, actor=who.me().actor, now=g.now)
        return {"settings": read.settings(opened)}, 200

    return once(json_data, work)


@bp.post("/settings/stores/<int:store_id>")
@permit("office.promotions")
@bp.input(StoreModeForm)
def settle_store(store_id: int, json_data: StoreModeForm) -> Reply:
    """Give one store a mode of its own, or let it follow the chain."""

    def work(opened: Session) -> Reply:
        moves.settle_store(opened, store_id, json_data.mode, actor=who.me().actor, now=g.now)
        return {"settings": read.settings(opened)}, 200

    return once(json_data, work)


@bp.post("/settings/stores/<int:store_id>/cash-rounding")
@permit("office.promotions")
@bp.input(CashRoundingForm)
def settle_cash_rounding(store_id: int, json_data: CashRoundingForm) -> Reply:
    """How one store rounds what is left to pay in cash; tills have it within seconds."""

    def work(opened: Session) -> Reply:
        moves.settle_cash_rounding(opened, store_id, json_data.mode, actor=who.me().actor, now=g.now)
        return {"settings": read.settings(opened)}, 200

    return once(json_data, work)
