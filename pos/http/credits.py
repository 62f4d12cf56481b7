"""Credit for orders (业绩归属): rules and closing for the head office; statements, and why, for stores too."""

from __future__ import annotations

from datetime import date
from typing import Literal

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.statements import MonthQuery, which
from trade.orders.numbers import parse
from trade.settlement.credits import closing, owners, reading, rules

bp = blueprint("credit", "/api/desk/credits", who.identify)


class StatementQuery(MonthQuery):
    """A month, and one guide's lines of it."""

    staff_id: int | None = None


class OrderQuery(Form):
    """An order by its printed number."""

    order_no: str = Field(max_length=20)


class RuleForm(WriteForm):
    """A version of the rule: a preset, who may own a customer, and the fee of `hq_fee`.

    `fee` is fen an order or an item, or basis points of the base.
    """

    preset: Literal["fulfilling", "owner", "owner_70", "hq_fee"]
    sources: list[rules.Source] = Field(default_factory=lambda: list(rules.ORDER), max_length=5)
    scene_days: int = Field(7, ge=0, le=365)
    fee_kind: Literal["none", "order", "item", "bp"] = "none"
    fee: int = Field(0, ge=0, le=10_000_000)
    from_at: AwareDatetime


class CloseForm(WriteForm):
    """A month that is over."""

    month: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")


class GuideForm(WriteForm):
    """A member and the guide whose customer they are from now on."""

    member_id: int
    staff_id: int


@bp.get("/statement")
@permit("desk.statement")
@bp.input(StatementQuery, location="query")
def statement(query_data: StatementQuery) -> Reply:
    """One store's month; store 0 is the head office.

    `{"statement": {store_id, month, closed_at, amount_fen, totals: [{kind, role, staff_id, staff_name, amount_fen,
    adjusted_fen, orders}], lines: [{at, order_no, document, kind, role, staff_id, bp, base_fen, amount_fen,
    adjusts}]}}`: `adjusts` is the closed month that a line belongs to.
    """
    store_id, year, month = which(query_data)
    found = reading.statement(session(), store_id, date(year, month, 1), staff_id=query_data.staff_id)
    return {"statement": found}, 200


@bp.get("/order")
@permit("desk.statement")
@bp.input(OrderQuery, location="query")
def order(query_data: OrderQuery) -> Reply:
    """Why whom, and why so much; a store sees orders that are its own, or that credit it.

    `{"credit": {order_no, base: {paid_fen, freight_fen, wallet_bonus_fen, base_fen}, rule, shares: [{generation, role,
    party_store_id, store_name, party_staff_id, staff_name, bp, why, from_at}], entries: [{document, kind, at, month,
    base_fen, bp, formula, amount_fen, ...}], amount_fen}}`
    """
    found = reading.why(session(), *parse(query_data.order_no), party=who.me().store_id)
    return {"credit": found}, 200


@bp.get("/rules")
@permit("office.settlement")
def versions() -> Reply:
    """Every version of the rule, the newest first."""
    return {"rules": rules.listed(session())}, 200


@bp.post("/rules")
@permit("office.settlement")
@bp.input(RuleForm)
def publish(json_data: RuleForm) -> Reply:
    """Publish a version for payments from `from_at` on: 201; 422 with each field that is not sound."""

    def work(opened: Session) -> Reply:
        asked = json_data.model_dump(exclude={"request_id"})
        return {"version": rules.publish(opened, **asked, actor=who.me().actor, now=g.now)}, 201

    return once(json_data, work)


@bp.post("/close")
@permit("office.settlement")
@bp.input(CloseForm)
def close(json_data: CloseForm) -> Reply:
    """Close a month that is over: its statements never change again; 409 when it is not over, or closed."""
    year, month = (int(part) for part in json_data.month.split("-"))

    def work(opened: Session) -> Reply:
        closing.close(opened, date(year, month, 1), actor=who.me().actor, now=g.now)
        return {"month": json_data.month}, 200

    return once(json_data, work)


@bp.post("/guide")
@permit("desk.statement")
@bp.input(GuideForm)
def bind(json_data: GuideForm) -> Reply:
    """Make a member a guide's customer; a store's manager names guides of that store.  `{"changed": bool}`."""
    me = who.me()

    def work(opened: Session) -> Reply:
        changed = owners.bind(
            opened, json_data.member_id, json_data.staff_id, of_store=me.store_id, actor=me.actor, now=g.now
        )
        return {"changed": changed}, 200

    return once(json_data, work)
