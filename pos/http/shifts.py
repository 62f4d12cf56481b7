"""The till's shift: opening, cash that moves without a sale, X, settling a counted one, and its Z on paper.

The count itself is a document of the till (`trade/orders/offline/kinds.py`), so that it is the same with and without
network and comes after the sales that the till still has.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from flask import Response, g
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.approving import Elevated, elevated
from pos.http.receipts import PaperQuery
from pos.printing import z_paper
from pos.printing.escpos import as_escpos
from pos.printing.page import as_html
from pos.printing.slip import Slip
from trade.orders.held import read as held
from trade.orders.receipts import printings
from trade.orders.returns import ShiftNotOpen
from trade.orders.shifts import cash, counts, drawers, moves, read, settle, z
from trade.orders.shifts.states import CashKind
from trade.stores import tills
from trade.stores.approvals.moves import ApprovalMissing, ApprovalOver
from trade.stores.approvals.states import Action

bp = blueprint("shift", "/api/pos", who.identify)
PRINTED = "shift.z_printed"
UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class OpenShift(WriteForm):
    """The till's own name for the shift, and the float piece by piece: how many by face value in fen."""

    uuid: str = Field(pattern=UUID)
    pieces: dict[int, int] = Field(max_length=len(counts.FACES))


class CashForm(WriteForm):
    """Cash in fen and why it moves; a drop says where it goes."""

    kind: CashKind
    fen: int = Field(gt=0, le=100_000_000)
    goes_to: Literal["safe", "bank"] | None = None
    reason: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _a_drop_goes_somewhere(self) -> CashForm:
        if (self.kind is CashKind.DROP) != (self.goes_to is not None):
            raise ValueError("a drop goes to safe or bank, and only a drop")
        return self


class ProlongForm(WriteForm, Elevated):
    """A manager's word (`late_shift`, `shift:<id>`)."""


class SettleForm(WriteForm, Elevated):
    """A manager's word on `shift:<id>`: `variance` where the count differs by too much, `shift_gap` to `force` it."""

    force: bool = False


class DrawerForm(WriteForm):
    """The drawer that a till uses from now on."""

    drawer_id: int


class LimitForm(WriteForm):
    """By so much, in fen, a count may differ without a manager."""

    variance_fen: int = Field(ge=0, le=1_000_000)


@bp.get("/shift")
@permit("pos.shift")
def current() -> Reply:
    """The open shift of this till's drawer or null, those that wait to be settled, the float to expect, the `last` Z.

    `held` is what is put aside in the store: whoever takes the shift over has it, too.

    What the drawer should hold is in none of them until its count is final (`sealed`): a `counted` one says only
    whether it `differs`, and how many documents of its tills are `missing` before it can be settled.
    """
    till = who.till()
    return {
        "shift": read.current(session(), till),
        "closing": read.closing(session(), till),
        "proposed_fen": read.proposed_fen(session(), till),
        "last": read.last_z(session(), till),
        "held": held.held_of(session(), till.store_id, now=g.now),
    }, 200


@bp.post("/shift/open")
@permit("pos.shift")
@bp.input(OpenShift)
def open_shift(json_data: OpenShift) -> Reply:
    """Open a shift of this till's drawer; 409 `shift_open`.  The same `uuid` again is answered with its shift."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        made = moves.open_(opened, till, json_data.uuid, me.id, json_data.pieces, actor=me.actor, now=g.now)
        return {"shift": read.one(opened, till.store_id, made)}, 200

    return once(json_data, work)


@bp.get("/shift/x")
@permit("pos.shift")
def x_report() -> Reply:
    """The X of the open shift, any number of times; null when none is open.

    Cash and what tells it is there only for who may approve: the others count the drawer blind.
    """
    return {"x": read.x(session(), who.till(), cash_too="pos.approve" in who.me().permissions)}, 200


@bp.post("/shift/cash")
@permit("pos.shift")
@bp.input(CashForm)
def cash_move(json_data: CashForm) -> Reply:
    """Cash into the drawer or out of it without a sale: `{moves}` of the open shift; 409 `shift_not_open`."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        shift_id = read.held_open(opened, till)
        if shift_id is None:
            raise ShiftNotOpen()
        form = json_data
        said: dict[str, Any] = {"goes_to": form.goes_to, "reason": form.reason.strip(), "request_id": form.request_id}
        by: dict[str, Any] = {"staff_id": me.id, "actor": me.actor, "now": g.now}
        cash.note(opened, till.store_id, shift_id, form.kind, form.fen, **said, **by)
        return {"moves": cash.listed(opened, till.store_id, shift_id)}, 200

    return once(json_data, work)


@bp.post("/shift/prolong")
@permit("pos.shift")
@bp.input(ProlongForm)
def prolong(json_data: ProlongForm) -> Reply:
    """Let a forgotten shift sell on until the next cut-over, once, by a manager's word; 409 `prolonged_before`."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        shift_id = read.open_id(opened, till)
        if shift_id is None:
            raise ShiftNotOpen()
        by = elevated(opened, json_data, Action.LATE_SHIFT, subject=f"shift:{shift_id}")
        moves.prolong(opened, till.store_id, shift_id, by.approver_id, by.reason, actor=me.actor, now=g.now)
        return {"shift": read.one(opened, till.store_id, shift_id)}, 200

    return once(json_data, work)


@bp.get("/shifts/<int:shift_id>")
@permit("pos.shift")
def one(shift_id: int) -> Reply:
    """A shift of this store."""
    return {"shift": read.one(session(), who.till().store_id, shift_id)}, 200


@bp.post("/shifts/<int:shift_id>/keep")
@permit("pos.shift")
@bp.input(WriteForm)
def keep(shift_id: int, json_data: WriteForm) -> Reply:
    """The first count stands: the shift is sealed, and what was expected is told."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        moves.move(opened, till.store_id, shift_id, "keep", {}, actor=me.actor, now=g.now)
        return {"shift": read.one(opened, till.store_id, shift_id)}, 200

    return once(json_data, work)


@bp.post("/shifts/<int:shift_id>/settle")
@permit("pos.shift")
@bp.input(SettleForm)
def settle_shift(shift_id: int, json_data: SettleForm) -> Reply:
    """Give a sealed shift its Z: `{shift, z}`.

    409 `shift_gap` while documents that its tills wrote before the count are `missing`; `variance_needs_approval`
    beyond the store's limit; `code_payments_open` while payment codes of it have no end.  Nothing changed then.  One
    word stands for one of the first two: who answers for a difference has not said that nobody waits.
    """
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        words = _words(opened, json_data, shift_id)
        variance, gap = words.get(Action.VARIANCE), words.get(Action.SHIFT_GAP)
        by: dict[str, Any] = {"actor": me.actor, "now": g.now}
        settle.settle(opened, till.store_id, shift_id, variance=variance, gap=gap, **by)
        return {"shift": read.one(opened, till.store_id, shift_id), "z": z.read(opened, till.store_id, shift_id)}, 200

    return once(json_data, work)


def _words(opened: Session, form: SettleForm, shift_id: int) -> dict[Action, settle.Word]:
    """What a manager said of either; brought for neither is `approval_over`."""
    words = {}
    for action in (Action.VARIANCE, *([Action.SHIFT_GAP] if form.force else [])):
        with suppress(ApprovalMissing, ApprovalOver):
            given = elevated(opened, form, action, subject=f"shift:{shift_id}", force=form.force)
            words[action] = settle.Word(given.approver_id, given.reason)
    if form.approval_ids and not words:
        raise ApprovalOver(action=Action.SHIFT_GAP if form.force else Action.VARIANCE)
    return words


@bp.get("/shifts/<int:shift_id>/z")
@permit("pos.shift")
def z_of(shift_id: int) -> Reply:
    """The Z of a shift and its amendments, as they were written."""
    return {"z": z.read(session(), who.till().store_id, shift_id)}, 200


@bp.post("/shifts/<int:shift_id>/z/print")
@permit("pos.shift")
@bp.input(WriteForm)
def print_z(shift_id: int, json_data: WriteForm) -> Reply:
    """Count one more printing of a Z: `copy` is how often it was printed before, for the paper's address."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        z.read(opened, till.store_id, shift_id)
        return {"copy": printings.count(opened, f"shift:{shift_id}", kind=PRINTED, actor=me.actor, now=g.now)}, 200

    return once(json_data, work)


def _paper(shift_id: int, copy: int, query: PaperQuery) -> Slip:
    """A page in a frame sends no till's token: the store is that of who is signed in."""
    written = z.read(session(), who.own_store(), shift_id)
    printings.check(session(), f"shift:{shift_id}", copy, kind=PRINTED)
    return z_paper.z(written, int(query.width), copy=copy)


@bp.get("/shifts/<int:shift_id>/z/<int:copy>/print")
@permit("pos.shift")
@bp.input(PaperQuery, location="query")
def z_page(shift_id: int, copy: int, query_data: PaperQuery) -> Response:
    """The Z and its amendments as a page; a `copy` above 0 bears its mark."""
    page = as_html(_paper(shift_id, copy, query_data), f"Z {shift_id}")
    return Response(page, content_type="text/html; charset=utf-8")


@bp.get("/shifts/<int:shift_id>/z/<int:copy>/escpos")
@permit("pos.shift")
@bp.input(PaperQuery, location="query")
def z_bytes(shift_id: int, copy: int, query_data: PaperQuery) -> Response:
    """The same as bytes for a thermal printer (ESC/POS, GB18030)."""
    return Response(as_escpos(_paper(shift_id, copy, query_data)), content_type="application/octet-stream")


@bp.get("/drawers")
@permit("pos.shift")
def drawer_list() -> Reply:
    """The drawers of this store and the tills that use them."""
    return {"drawers": drawers.listed(session(), who.till())}, 200


@bp.post("/tills/<int:till_id>/drawer")
@permit("pos.register")
@bp.input(DrawerForm)
def share_drawer(till_id: int, json_data: DrawerForm) -> Reply:
    """Let a till of this store use that drawer; 409 `drawer_in_use` while its own has an open shift."""
    here, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        till = tills.one(opened, till_id, here.store_id)
        drawers.share(opened, till, json_data.drawer_id, actor=me.actor, now=g.now)
        return {"drawers": drawers.listed(opened, here)}, 200

    return once(json_data, work)


@bp.post("/shifts/limit")
@permit("pos.register")
@bp.input(LimitForm)
def set_limit(json_data: LimitForm) -> Reply:
    """By how much a count of this store may differ before a manager must say why."""
    till, me = who.till(), who.me()

    def work(opened: Session) -> Reply:
        settle.set_limit(opened, till.store_id, json_data.variance_fen, actor=me.actor, now=g.now)
        return {"variance_fen": settle.limit_fen(opened, till.store_id)}, 200

    return once(json_data, work)
