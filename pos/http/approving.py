"""A manager's word for one action (till-and-store-desk.md 3.7): asked for at a till, given there or at the desk.

The form of an action that may need it has `approval_ids` (`Elevated`), and in its transaction `elevated()` uses the
approval up: action, subject, till and cashier must be those it was given for.  The cashier stays signed in.
"""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import transaction
from config.errors import NotPermitted
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.stores import staff
from trade.stores.approvals import moves, read
from trade.stores.approvals.states import Action

bp = blueprint("approval", "/api", who.identify)
FEN = Field(None, ge=-100_000_000, le=100_000_000)


class NotAnApprover(NotPermitted):
    """The colleague whose PIN was given may not approve this."""

    code = "not_an_approver"


class ApproverForm(Form):
    """A manager of this store, by PIN."""

    staff_id: int
    pin: str = Field(pattern=r"^\d{6,12}$", repr=False)


class Elevated(Form):
    """What a manager approved for this request, if anything."""

    approval_ids: list[int] = Field(default_factory=list, max_length=5)


class WhatLine(Form):
    """One thing that would change."""

    name: str = Field(max_length=200)
    before_fen: int | None = FEN
    after_fen: int | None = FEN


class What(Form):
    """What would change, for the manager to read: figures, lines, or words."""

    before_fen: int | None = FEN
    after_fen: int | None = FEN
    lines: list[WhatLine] = Field(default_factory=list, max_length=200)
    said: str = Field("", max_length=400)


class ApprovalAsk(WriteForm):
    """What needs a manager and why; `approver` when they stand here, else they are asked at the desk.

    `subject` names the thing as the action does: `basket`, `held:<id>`, `order:<no>`.
    """

    action: Action
    subject: str = Field(min_length=1, max_length=80)
    reason: str = Field(min_length=1, max_length=200)
    what: What = What()
    approver: ApproverForm | None = None


class ApprovalAnswer(WriteForm):
    """The manager's yes or no."""

    approve: bool


def by_pin(form: ApproverForm) -> staff.StaffCard:
    """The manager whose PIN was given, at a till or a desk of their store; a wrong one is counted.

    :raises WrongPin, PinLocked, NotAnApprover, NotFound: nobody approved.
    """
    with transaction(session()) as opened:
        found, left = staff.check_pin(opened, form.staff_id, who.store(), form.pin, now=g.now)
    if found is None:
        raise staff.WrongPin(tries_left=left)
    if "pos.approve" not in found.permissions:
        raise NotAnApprover(permission="pos.approve")
    return found


def approved_by(form: ApproverForm | None) -> staff.StaffCard | None:
    """The same, where a manager need not be asked."""
    return by_pin(form) if form else None


def elevated(opened: Session, form: Elevated, action: Action, *, subject: str, **done: Any) -> moves.Given:
    """Use up the approval that lets this one action happen, in its own transaction; `done` is before and after.

    :raises ApprovalMissing, ApprovalOver: nothing may happen.
    """
    till = who.till()
    at: dict[str, Any] = {"till_id": till.id, "staff_id": who.me().id, "now": g.now}
    return moves.use(opened, till.store_id, form.approval_ids, action, subject=subject, **at, **done)


@bp.post("/pos/approvals")
@permit("pos.sell")
@bp.input(ApprovalAsk)
def ask(json_data: ApprovalAsk) -> Reply:
    """Ask a manager for one action: 201 `{approval}`, `approved` at once by PIN, else `asked` until the desk decides.

    401 `wrong_pin` with `tries_left`, 403 `not_an_approver`, 429 `pin_locked` after five wrong tries in five minutes.
    """
    till, me, manager = who.till(), who.me(), approved_by(json_data.approver)

    def work(opened: Session) -> Reply:
        form = json_data
        what = form.what.model_dump(exclude_defaults=True)
        asked = moves.Asked(till.store_id, till.id, me.id, form.action, form.subject, form.reason, what)
        made = moves.ask(opened, asked, approver_id=manager.id if manager else None, now=g.now)
        return {"approval": read.one(opened, till.store_id, made)}, 201

    quiet = json_data.approver and json_data.approver.model_copy(update={"pin": ""})
    return once(json_data.model_copy(update={"approver": quiet}), work)  # not even a hash of the PIN is kept


@bp.get("/pos/approvals/<int:approval_id>")
@permit("pos.read")
def one(approval_id: int) -> Reply:
    """What became of a question."""
    return {"approval": read.one(session(), who.till().store_id, approval_id)}, 200


@bp.post("/pos/approvals/<int:approval_id>/withdraw")
@permit("pos.sell")
@bp.input(WriteForm)
def withdraw(approval_id: int, json_data: WriteForm) -> Reply:
    """The cashier does not need it any more; 409 `wrong_state` when it was decided or used meanwhile."""
    store_id, me = who.till().store_id, who.me()

    def work(opened: Session) -> Reply:
        moves.withdraw(opened, store_id, approval_id, staff_id=me.id, now=g.now)
        return {"approval": read.one(opened, store_id, approval_id)}, 200

    return once(json_data, work)


@bp.get("/desk/approvals")
@permit("pos.approve")
def asked() -> Reply:
    """What waits for a manager of one's own store: `{approvals}`, the oldest first."""
    return {"approvals": read.asked(session(), who.own_store(), now=g.now)}, 200


@bp.post("/desk/approvals/<int:approval_id>/decide")
@permit("pos.approve")
@bp.input(ApprovalAnswer)
def decide(approval_id: int, json_data: ApprovalAnswer) -> Reply:
    """The manager's yes or no at the desk; 409 `wrong_state` when it is over."""
    store_id, me = who.own_store(), who.me()

    def work(opened: Session) -> Reply:
        moves.decide(opened, store_id, approval_id, approve=json_data.approve, approver_id=me.id, now=g.now)
        return {"approval": read.one(opened, store_id, approval_id)}, 200

    return once(json_data, work)
