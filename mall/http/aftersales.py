"""After-sales: what a customer may ask for after they paid, what it would give back, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from mall.http.photos import MOST, Token
from trade.orders.aftersales import answer, apply, read
from trade.orders.aftersales.states import Cause, Kind

bp = blueprint("aftersales", "/api/mall/aftersales", who.identify)


class WishLine(Form):
    """Of a line: units (grams of weighed goods), or an amount of its money."""

    line_no: int = Field(ge=1)
    qty: int = Field(0, ge=0, le=100_000)
    amount_fen: int = Field(0, ge=0, le=100_000_000)


class WishForm(Form):
    """What is asked of which order: amounts for `refund_only`, nothing for `price_protection`, units for all else."""

    order_id: int
    kind: Kind
    cause: Cause
    lines: list[WishLine] = Field(default_factory=list, max_length=200)

    def wish(self, words: str = "") -> apply.Wish:
        """The form as the domain's wish."""
        if self.kind is Kind.IN_STORE:
            raise Malformed(fields={"kind": "goods are brought to a store, not asked for here"})
        units = {line.line_no: line.qty for line in self.lines if line.qty}
        fens = {line.line_no: line.amount_fen for line in self.lines if line.amount_fen}
        return apply.Wish(self.kind, self.cause, units, fens, words)


class AskForm(WriteForm, WishForm):
    """The same, in the customer's own words, with photos that were kept before."""

    words: str = Field("", max_length=300)
    photos: list[Token] = Field(default_factory=list, max_length=MOST)


class ShipForm(WriteForm):
    """Who carries the goods back, and under which number."""

    carrier: str = Field(min_length=1, max_length=40)
    tracking_no: str = Field(pattern=r"^[A-Za-z0-9-]{4,40}$")


class CasesQuery(Form):
    """Cases of one order or all; `before` is the id where the last page ended."""

    order_id: int | None = None
    before: int | None = None


@bp.get("/orders/<int:order_id>")
@permit("mall.order")
def order(order_id: int) -> Reply:
    """What of each line of an order may still be asked for, in units and in money."""
    me = who.me().member_id
    return {"order": read.order(session(), read.store_of(session(), me, order_id), order_id, member_id=me)}, 200


@bp.post("/preview")
@permit("mall.order")
@bp.input(WishForm)
def preview(json_data: WishForm) -> Reply:
    """What a wish would give back and take; changes nothing.

    `refund_fen` goes to `refunds`, with `points_back` and less `points_clawed`; `keep_fen` and `re_evaluate_fen` are
    what the goods give back with promotions kept and asked again.  For an exchange or a resend nothing goes back.
    """
    me = who.me().member_id
    store_id = read.store_of(session(), me, json_data.order_id)
    wish, plan = apply.look(session(), store_id, json_data.order_id, json_data.wish(), member_id=me, now=g.now)
    gives = wish.kind not in (Kind.EXCHANGE, Kind.RESEND)
    lines = [{"line_no": no, "qty": qty, "amount_fen": 0} for no, qty in wish.units.items()]
    lines += [{"line_no": no, "qty": 0, "amount_fen": fen} for no, fen in wish.fens.items()]
    return {"lines": lines, "fault": wish.fault, "preview": plan.as_json() if gives else None}, 200


@bp.post("")
@permit("mall.order")
@bp.input(AskForm)
def ask(json_data: AskForm) -> Reply:
    """Open a case.  201; its units and amounts are nobody else's until it is settled.

    Units that no store has begun to pick are given back at once.  409 `photos_gone`: nothing was asked.
    """
    me = who.me()

    def work(opened: Session) -> Reply:
        store_id = read.store_of(opened, me.member_id, json_data.order_id)
        wish = json_data.wish(json_data.words)
        by: dict[str, Any] = {"member_id": me.member_id, "photos": json_data.photos, "actor": me.actor, "now": g.now}
        case = answer.ask(opened, store_id, json_data.order_id, wish, **by)
        return {"case": read.one(opened, case.id, member_id=me.member_id)}, 201

    return once(json_data, work)


@bp.get("")
@permit("mall.order")
@bp.input(CasesQuery, location="query")
def cases(query_data: CasesQuery) -> Reply:
    """The customer's cases, newest first; 20 a page."""
    found = read.of_member(session(), who.me().member_id, order_id=query_data.order_id, before=query_data.before)
    return {"cases": found}, 200


@bp.get("/<int:case_id>")
@permit("mall.order")
def one(case_id: int) -> Reply:
    """One case: its lines, clocks, what it `may` become, where each part of the refund is, and its `steps` so far."""
    return {"case": _whole(session(), case_id)}, 200


def _whole(opened: Session, case_id: int) -> dict[str, Any]:
    case = read.one(opened, case_id, member_id=who.me().member_id)
    return case | {"steps": read.steps(opened, case)}


def _step(form: WriteForm, case_id: int, work: Callable[[Session, int, dict[str, Any]], Any]) -> Reply:
    """One step of one of the customer's own cases; answers the case as it stands then."""
    me = who.me()

    def do(opened: Session) -> Reply:
        mine = read.one(opened, case_id, member_id=me.member_id)
        work(opened, mine["store_id"], {"actor": me.actor, "now": g.now})
        return {"case": _whole(opened, case_id)}, 200

    return once(form, do)


@bp.post("/<int:case_id>/cancel")
@permit("mall.order")
@bp.input(WriteForm)
def cancel(case_id: int, json_data: WriteForm) -> Reply:
    """Take it back, while nothing is on its way.  409 `wrong_state` with where it is."""
    return _step(json_data, case_id, lambda s, store, by: answer.cancel(s, store, case_id, **by))


@bp.post("/<int:case_id>/ship")
@permit("mall.order")
@bp.input(ShipForm)
def ship(case_id: int, json_data: ShipForm) -> Reply:
    """Say that the goods are on their way back."""
    sent = (json_data.carrier, json_data.tracking_no)
    return _step(json_data, case_id, lambda s, store, by: answer.ship(s, store, case_id, *sent, **by))


@bp.post("/<int:case_id>/appeal")
@permit("mall.order")
@bp.input(WriteForm)
def appeal(case_id: int, json_data: WriteForm) -> Reply:
    """Ask the head office, once.  409 `appealed_already`, or what has become of the units meanwhile."""
    return _step(json_data, case_id, lambda s, store, by: answer.appeal(s, store, case_id, **by))
