"""After-sales in the store: cases by their clock, goods that come back, and returns of any order over the counter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Refused
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session, unless_known
from pos.http import who
from pos.http.approving import ApproverForm, approved_by
from trade.orders import refund_plan
from trade.orders.aftersales import answer, apply, inspect, read, refunding, sending
from trade.orders.aftersales.inspect import Found
from trade.orders.aftersales.states import Cause, Kind
from trade.orders.numbers import parse
from trade.orders.shifts import read as shifts

bp = blueprint("aftersales_desk", "/api/desk/aftersales", who.identify)


class CasesQuery(Form):
    """Open cases, or those closed this week."""

    closed: bool = False


class FoundLine(Form):
    """Where the units of a line go; what is in none of the three is not taken."""

    line_no: int = Field(ge=1)
    sellable: int = Field(0, ge=0, le=100_000)
    quarantine: int = Field(0, ge=0, le=100_000)
    written_off: int = Field(0, ge=0, le=100_000)


def _found(lines: list[FoundLine]) -> dict[int, Found]:
    return {line.line_no: Found(line.sellable, line.quarantine, line.written_off) for line in lines}


def _taken(lines: list[FoundLine]) -> dict[int, int]:
    return {number: one.taken for number, one in _found(lines).items() if one.taken}


class LookForm(Form):
    """What granting a case would do: with `lines` inspected so, whosever `fault` it is, with this much freight."""

    lines: list[FoundLine] | None = Field(None, max_length=200)
    fault: bool | None = None
    freight_fen: int | None = Field(None, ge=0)


class ApproveForm(WriteForm):
    """Whose `fault` it is, freight that goes back too, and the refund that was shown."""

    fault: bool | None = None
    freight_fen: int | None = Field(None, ge=0)
    expected_refund_fen: int | None = Field(None, ge=0)


class ReasonForm(WriteForm):
    """Why not; the customer is told."""

    reason: str = Field(min_length=1, max_length=200)


class InspectForm(WriteForm):
    """Where the units of each line go, with the refund that was shown."""

    lines: list[FoundLine] = Field(min_length=1, max_length=200)
    expected_refund_fen: int | None = Field(None, ge=0)
    approver: ApproverForm | None = None


class BroughtForm(Form):
    """Goods of an order, by its printed number, that a customer brings: why, and where the units of each line go."""

    order_no: str = Field(min_length=12, max_length=12)
    cause: Cause
    fault: bool | None = None
    lines: list[FoundLine] = Field(min_length=1, max_length=200)

    def wish(self) -> apply.Wish:
        """The form as the domain's wish."""
        return apply.Wish(Kind.IN_STORE, self.cause, _taken(self.lines), said_fault=self.fault)


class InStoreForm(WriteForm, BroughtForm):
    """The same, with the refund that the customer was shown."""

    expected_refund_fen: int = Field(ge=0)
    approver: ApproverForm | None = None


def _shift(opened: Session) -> int | None:
    """The open shift of this device, if it is a till: cash comes out of its drawer."""
    try:
        return shifts.held_open(opened, who.till())
    except (who.NoTill, Refused):
        return None


@bp.get("")
@permit("desk.aftersales")
@bp.input(CasesQuery, location="query")
def cases(query_data: CasesQuery) -> Response:
    """Cases of one's own store's orders and of goods that come to it, the shortest clock first; 304 while unchanged."""
    found = read.desk(session(), who.own_store(), now=g.now, closed=query_data.closed)
    return unless_known({"cases": found, "counts": Counter(case["state"] for case in found)})


@bp.get("/arbitration")
@permit("office.aftersales")
def arbitration() -> Reply:
    """What the head office is to decide."""
    return {"cases": read.arbitration(session())}, 200


@bp.post("/arbitration/<int:case_id>/preview")
@permit("office.aftersales")
@bp.input(LookForm)
def weigh(case_id: int, json_data: LookForm) -> Reply:
    """What granting a case would give back and take now; changes nothing."""
    case = read.one(session(), case_id)
    said: dict[str, Any] = {"fault": json_data.fault, "freight_fen": json_data.freight_fen}
    return {"preview": refunding.preview(session(), case["store_id"], case_id, **said, now=g.now).as_json()}, 200


@bp.get("/orders/<no>")
@permit("desk.aftersales")
def order(no: str) -> Reply:
    """An order of any store by its printed number: what each line was paid and what of it may still come back."""
    return {"order": read.order(session(), *parse(no))}, 200


@bp.get("/<int:case_id>")
@permit("desk.aftersales")
def one(case_id: int) -> Reply:
    """One case of one's own store."""
    return {"case": read.one(session(), case_id, store_id=who.me().store_id)}, 200


@bp.post("/<int:case_id>/preview")
@permit("desk.aftersales")
@bp.input(LookForm)
def preview(case_id: int, json_data: LookForm) -> Reply:
    """What granting it, or taking these units in, would give back and take now; changes nothing."""
    mine = read.one(session(), case_id, store_id=who.me().store_id)
    units = _taken(json_data.lines) if json_data.lines is not None else None
    said: dict[str, Any] = {"fault": json_data.fault, "freight_fen": json_data.freight_fen, "units": units}
    return {"preview": refunding.preview(session(), mine["store_id"], case_id, **said, now=g.now).as_json()}, 200


def _step(form: WriteForm, case_id: int, work: Callable[[Session, int, dict[str, Any]], Any], **body: Any) -> Reply:
    """One step of a case that concerns one's store (the head office: any); answers the case as it stands then."""
    me = who.me()

    def do(opened: Session) -> Reply:
        mine = read.one(opened, case_id, store_id=me.store_id)
        work(opened, mine["store_id"], {"actor": me.actor, "now": g.now})
        return {"case": read.one(opened, case_id)}, 200

    return once(form.model_copy(update=body), do)


def _approve(case_id: int, form: ApproveForm) -> Reply:
    me = who.me()

    def work(opened: Session, store_id: int, by: dict[str, Any]) -> None:
        said = {"fault": form.fault, "freight_fen": form.freight_fen, "expected_refund_fen": form.expected_refund_fen}
        by |= {**said, "staff_id": me.id, "approver_id": me.id, "shift_id": _shift(opened)}
        answer.approve(opened, store_id, case_id, **by)

    return _step(form, case_id, work)


@bp.post("/<int:case_id>/approve")
@permit("desk.answer")
@bp.input(ApproveForm)
def approve(case_id: int, json_data: ApproveForm) -> Reply:
    """Grant it: money goes back at once, goods are waited for.

    409 `wrong_state`, `refund_changed`, `shift_not_open`: it stays unanswered.
    """
    return _approve(case_id, json_data)


@bp.post("/<int:case_id>/reject")
@permit("desk.answer")
@bp.input(ReasonForm)
def reject(case_id: int, json_data: ReasonForm) -> Reply:
    """Say no; the customer may appeal."""
    me, reason = who.me().id, json_data.reason
    return _step(json_data, case_id, lambda s, store, by: answer.reject(s, store, case_id, reason, staff_id=me, **by))


@bp.post("/<int:case_id>/grant")
@permit("office.aftersales")
@bp.input(ApproveForm)
def grant(case_id: int, json_data: ApproveForm) -> Reply:
    """The head office grants it."""
    return _approve(case_id, json_data)


@bp.post("/<int:case_id>/dismiss")
@permit("office.aftersales")
@bp.input(ReasonForm)
def dismiss(case_id: int, json_data: ReasonForm) -> Reply:
    """The head office agrees with the store; that is the last word."""
    me, reason = who.me().id, json_data.reason
    return _step(json_data, case_id, lambda s, store, by: answer.dismiss(s, store, case_id, reason, staff_id=me, **by))


@bp.post("/<int:case_id>/receive")
@permit("desk.aftersales")
@bp.input(WriteForm)
def receive(case_id: int, json_data: WriteForm) -> Reply:
    """The goods are in one's store; no stock moves yet.  Any store may take them."""
    here, me = who.own_store(), who.me()

    def do(opened: Session) -> Reply:
        store_id = read.one(opened, case_id)["store_id"]
        inspect.receive(opened, store_id, case_id, at_store_id=here, actor=me.actor, now=g.now)
        return {"case": read.one(opened, case_id, store_id=here)}, 200

    return once(json_data, do)


@bp.post("/<int:case_id>/send-out")
@permit("desk.aftersales")
@bp.input(WriteForm)
def send_out(case_id: int, json_data: WriteForm) -> Reply:
    """What the case is due goes out of one's own store: a parcel on its desk.  409 `out_of_stock`, `wrong_state`."""
    here, me = who.own_store(), who.me()

    def do(opened: Session) -> Reply:
        store_id = read.one(opened, case_id, store_id=here)["store_id"]
        sending.make(opened, store_id, case_id, at_store_id=here, actor=me.actor, now=g.now)
        return {"case": read.one(opened, case_id, store_id=here)}, 200

    return once(json_data, do)


@bp.post("/<int:case_id>/withdraw")
@permit("desk.answer")
@bp.input(WriteForm)
def withdraw(case_id: int, json_data: WriteForm) -> Reply:
    """The store cannot send it: its parcel ends, and the case waits again.  409 `wrong_state` once it is on its way."""
    return _step(json_data, case_id, lambda s, store, by: sending.withdraw(s, store, case_id, **by))


@bp.post("/<int:case_id>/turn-away")
@permit("desk.answer")
@bp.input(ReasonForm)
def turn_away(case_id: int, json_data: ReasonForm) -> Reply:
    """What came is not what was agreed: nothing is taken."""
    me, why = who.me().id, json_data.reason
    return _step(json_data, case_id, lambda s, store, by: inspect.turn_away(s, store, case_id, why, staff_id=me, **by))


@bp.post("/<int:case_id>/inspect")
@permit("desk.aftersales")
@bp.input(InspectForm)
def look_at(case_id: int, json_data: InspectForm) -> Reply:
    """Say where each unit goes: it enters stock there, and its money goes back.

    409 `refund_changed`, `approval_needed`: nothing entered stock.
    """
    me, approver = who.me(), _approver(json_data.approver)

    def work(opened: Session, store_id: int, by: dict[str, Any]) -> None:
        by |= {"expected_refund_fen": json_data.expected_refund_fen, "shift_id": _shift(opened), "staff_id": me.id}
        inspect.inspect(opened, store_id, case_id, _found(json_data.lines), approver_id=approver, **by)

    return _step(json_data, case_id, work, approver=_quiet(json_data.approver))


@bp.post("/in-store/preview")
@permit("desk.aftersales")
@bp.input(BroughtForm)
def look(json_data: BroughtForm) -> Reply:
    """What taking these units of an order back here would give back and take; changes nothing."""
    wish = json_data.wish()
    plan = refund_plan.plan(session(), *parse(json_data.order_no), apply.as_ask(wish), now=g.now)
    return {"preview": plan.as_json(), "fault": wish.fault}, 200


@bp.post("/in-store")
@permit("desk.aftersales")
@bp.input(InStoreForm)
def in_store(json_data: InStoreForm) -> Reply:
    """Take units of any order back here, inspected: stock enters this store, money goes back the way it came.  201.

    409 `aftersale_open` or `too_much_returned`: the same units are on their way back already; nothing moved.
    """
    here, me, approver = who.own_store(), who.me(), _approver(json_data.approver)

    def do(opened: Session) -> Reply:
        case = inspect.in_store(
            opened,
            *parse(json_data.order_no),
            json_data.wish(),
            _found(json_data.lines),
            at_store_id=here,
            staff_id=me.id,
            shift_id=_shift(opened),
            approver_id=approver,
            expected_refund_fen=json_data.expected_refund_fen,
            actor=me.actor,
            now=g.now,
        )
        return {"case": read.one(opened, case.id)}, 201

    return once(json_data.model_copy(update={"approver": _quiet(json_data.approver)}), do)


def _approver(form: ApproverForm | None) -> int | None:
    """A manager by PIN, or oneself when one may approve."""
    if form is not None:
        found = approved_by(form)
        return found.id if found else None
    me = who.me()
    return me.id if "pos.approve" in me.permissions else None


def _quiet(form: ApproverForm | None) -> ApproverForm | None:
    """Not even a hash of the PIN is kept."""
    return form.model_copy(update={"pin": ""}) if form else None
