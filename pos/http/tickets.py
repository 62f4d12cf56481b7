"""What a cashier adds to a ticket (notes, sellers), sellers put right afterwards, and tickets that are voided."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import NotPermitted
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.approving import Elevated, elevated
from pos.http.baskets import HELD_ID, CounterForm, Noted, SellerForm
from trade.orders.held import moves as held
from trade.orders.offline.read import order_of
from trade.orders.returns import ShiftNotOpen
from trade.orders.shifts import read as shifts
from trade.orders.ticket import notes, sellers, voids
from trade.orders.ticket.sellers import Seller
from trade.settlement.credits import sellers as credits
from trade.stores import staff
from trade.stores.approvals.states import Action

bp = blueprint("ticket", "/api/pos", who.identify)


def keep(opened: Session, form: CounterForm, noted: Noted, order_id: int) -> None:
    """Keep the notes and the sellers of a basket with the order it became.

    :raises SellersNotSound: nothing is sold.
    """
    store_id = who.till().store_id
    said = {0: noted.note} | {no: line.note for no, line in enumerate(form.lines, start=1)}
    notes.write(opened, store_id, order_id, said, printed=noted.print_notes)
    lines = enumerate(form.lines, start=1)
    sellers.write(opened, store_id, order_id, {no: _sellers(line.sellers) for no, line in lines if line.sellers})


def _sellers(forms: list[SellerForm]) -> list[Seller]:
    return [Seller(one.staff_id, one.bp) for one in forms]


class LineSellersForm(Form):
    """Who sold one line."""

    line_no: int = Field(ge=1)
    sellers: list[SellerForm] = Field(min_length=1, max_length=3)


class SellersForm(WriteForm, Elevated):
    """Other sellers for a sale; lines that are left out are the guide's or cashier's again.

    Once its shift is closed the approval of `sellers` and a `correction`, why, are needed.
    """

    lines: list[LineSellersForm] = Field(max_length=200)
    correction: str = Field("", max_length=200)


@bp.get("/sellers")
@permit("pos.read")
def colleagues() -> Reply:
    """Who may be a seller here: `{sellers: [{id, name, role}]}`, everybody who works in the store."""
    return {"sellers": staff.of_store(session(), who.till().store_id)}, 200


@bp.get("/sales/<no>/sellers")
@permit("pos.read")
def sellers_of(no: str) -> Reply:
    """Who sold which line of a sale of this store: `{sellers: [{line_no, staff_id, name, bp}]}`."""
    store_id, order_id = order_of(session(), who.till().store_id, no)
    rows = sellers.of(session(), store_id, order_id)
    names = ("line_no", "staff_id", "name", "bp")
    return {"sellers": [{name: getattr(row, name) for name in names} for row in rows]}, 200


@bp.post("/sales/<no>/sellers")
@permit("pos.sell")
@bp.input(SellersForm)
def change_sellers(no: str, json_data: SellersForm) -> Reply:
    """Put right who sold a sale of this store: what was credited is taken back to the fen, and credited to the new.

    409 `sellers_closed` once its shift is closed, unless a manager approved the correction; 422 `sellers_not_sound`.
    """
    till, me = who.till(), who.me()
    by_line = {line.line_no: _sellers(line.sellers) for line in json_data.lines}

    def work(opened: Session) -> Reply:
        store_id, order_id = order_of(opened, till.store_id, no)
        if store_id != till.store_id:
            raise NotPermitted(permission="other_store")
        if json_data.correction:
            elevated(opened, json_data, Action.SELLERS, subject=f"order:{no}", correction=json_data.correction)
        more: dict[str, Any] = {"correction": json_data.correction, "actor": me.actor, "now": g.now}
        credits.change(opened, store_id, order_id, by_line, **more)
        return {"changed": True}, 200

    return once(json_data, work)


class VoidLine(Form):
    """What lay in a voided basket."""

    name: str = Field(max_length=300)
    qty: int = Field(gt=0)
    list_fen: int = Field(ge=0)


class VoidForm(WriteForm, Elevated):
    """A basket that is thrown away: an id of the till's own, why, what lay in it, and what the customer was told.

    After the subtotal it needs the approval of `void` on `ticket:<id>`.  `held` when it had been put aside.
    """

    id: str = HELD_ID
    reason: voids.Reason
    lines: list[VoidLine] = Field(min_length=1, max_length=500)
    payable_fen: int = Field(ge=0)
    after_subtotal: bool
    held_id: str | None = None
    held_version: int = Field(0, ge=0)


@bp.post("/voids")
@permit("pos.sell")
@bp.input(VoidForm)
def void(json_data: VoidForm) -> Reply:
    """Write down a voided basket: 201; told again it is known.

    409 `approval_missing` after the subtotal without a manager's word, `held_moved_on` when the basket is another
    till's by now.  What was voided without network, or could not be told, is a document of the till
    (`trade/orders/offline/void.py`).
    """
    till, me, form = who.till(), who.me(), json_data

    def work(opened: Session) -> Reply:
        if voids.is_known(opened, till.store_id, form.id):
            return {"voided": form.id}, 201
        shift_id = shifts.held_open(opened, till)
        if shift_id is None:
            raise ShiftNotOpen()
        approver_id = None
        if form.after_subtotal:
            done = {"before_fen": form.payable_fen, "after_fen": 0}
            approver_id = elevated(opened, form, Action.VOID, subject=f"ticket:{form.id}", **done).approver_id
        lines = [line.model_dump() for line in form.lines]
        told = {"after_subtotal": form.after_subtotal}
        voided = voids.Voided(form.id, till.id, shift_id, me.id, form.reason, lines, form.payable_fen, **told)
        voids.write(opened, till.store_id, voided, approver_id=approver_id, actor=me.actor, now=g.now)
        if form.held_id:
            hand = held.Hand(form.held_id, form.held_version)
            held.drop(opened, till.store_id, hand, till_id=till.id, staff_id=me.id, now=g.now)
        return {"voided": form.id}, 201

    return once(form, work)
