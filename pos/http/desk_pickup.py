"""The counter where online orders are fetched: look first, then hand over (till-and-store-desk.md 3.18)."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import let_go, transaction
from config.errors import Refused
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.approving import ApproverForm, approved_by
from pos.http.desk_step import step
from trade.fulfilment import lost_phone, notices, parcels, pickup
from trade.orders import desk, fulfil
from trade.stores import staff
from trade.stores.roles import PERMISSIONS

bp = blueprint("desk_pickup", "/api/desk/pickup", who.identify)


class ManagerNeeded(Refused):
    """This step asks for a manager of the store, by PIN."""

    code, status = "manager_needed", 403


class CodeForm(WriteForm):
    """The eight digits that the customer shows, or what their QR says."""

    code: str = Field(pattern=r"^(\d{8}|TP\.\d+\.\d+\.\d+\.[0-9a-f]{32})$")


class TakenLine(Form):
    """Units of one line that the customer takes now."""

    line_no: int = Field(ge=1)
    qty: int = Field(gt=0)


class HandOverForm(CodeForm):
    """The same, and what they take when it is not everything: the rest stays ready under the same code."""

    lines: list[TakenLine] = Field(default_factory=list, max_length=200)

    def taken(self) -> dict[int, int] | None:
        """Units by line, None for everything."""
        return {line.line_no: line.qty for line in self.lines} or None


class TailQuery(Form):
    """The last four digits of the order's phone."""

    tail: str = Field(pattern=r"^\d{4}$")


class SmsForm(WriteForm, TailQuery):
    """A parcel that lies ready, and the last four digits of its order's phone."""

    parcel_id: int


class LostPhoneForm(SmsForm):
    """What came by SMS, why it is handed over so, and the manager who agrees."""

    code: str = Field(pattern=r"^\d{6}$")
    reason: str = Field(min_length=2, max_length=200)
    approver: ApproverForm | None = None


def _find(opened: Session, store_id: int, code: str) -> Any:
    """The parcel that waits here under what was shown; raises PickupCodeWrong, and what `pickup.find` raises."""
    if pickup.looks_signed(code):
        found = pickup.find_signed(opened, store_id, code, now=g.now)
    else:
        found = pickup.find(opened, store_id, code)
    if found is None:
        raise pickup.PickupCodeWrong()
    return found


@bp.post("/check")
@permit("desk.fulfil")
@bp.input(CodeForm)
def check(json_data: CodeForm) -> Reply:
    """Show what waits under a code before anything is handed over.

    409 `already_collected`, `pickup_cancelled`, `pickup_expired`, `pickup_elsewhere`; 404 `pickup_code_wrong`; 429.
    """
    store_id = who.own_store()
    pickup.tries_left(session(), who.me().actor, now=g.now)
    try:
        found = _find(session(), store_id, json_data.code)
    except (pickup.PickupCodeWrong, pickup.PickupElsewhere) as wrong:
        raise _counted(wrong, store_id) from None
    return {"parcel": desk.one(session(), store_id, found.id)}, 200


@bp.post("/hand-over")
@permit("desk.fulfil")
@bp.input(HandOverForm)
def hand_over(json_data: HandOverForm) -> Reply:
    """Hand the bag over, or a part of it: stock leaves, points become the customer's.  Works once.

    409 `not_there`, and what `check` answers: nothing was handed over.
    """
    me, store_id = who.me(), who.own_store()

    def do(opened: Session) -> Reply:
        found = _find(opened, store_id, json_data.code)
        taken = json_data.taken()
        fulfil.collect(opened, found, staff_id=me.id, actor=me.actor, now=g.now, lines=taken)
        return {"parcel": desk.one(opened, store_id, found.id)}, 200

    try:
        pickup.tries_left(session(), me.actor, now=g.now)
        let_go(session())
        return once(json_data, do)
    except (pickup.PickupCodeWrong, pickup.PickupElsewhere) as wrong:
        raise _counted(wrong, store_id) from None


def _counted(wrong: Any, store_id: int) -> Any:
    """Count a wrong code, which must stay counted although the request is refused."""
    device = who.me().actor
    let_go(session())
    with transaction(session()) as opened:
        left = pickup.tries_left(opened, device, now=g.now) - 1
        pickup.note_wrong(opened, device, at_store_id=store_id, now=g.now)
    return type(wrong)(**wrong.facts, tries_left=left)


@bp.get("/lost-phone")
@permit("desk.fulfil")
@bp.input(TailQuery, location="query")
def lost_phone_find(query_data: TailQuery) -> Reply:
    """What lies ready for phones that end so: nothing but number, customer (masked) and how many lines.

    `proof` is what became of the newest code that was sent, as a parcel's `notice`, or null; `managers` may agree by
    PIN.
    """
    store_id = who.own_store()
    cards = [desk.one(session(), store_id, one) for one in lost_phone.waiting(session(), store_id, query_data.tail)]
    proofs = notices.newest(session(), [f"proof:{card['store_id']}:{card['id']}" for card in cards])
    found = [
        {name: card[name] for name in ("id", "no", "customer", "items")}
        | {"proof": desk.notice(proofs.get(f"proof:{card['store_id']}:{card['id']}"))}
        for card in cards
    ]
    managers = [one for one in staff.colleagues(session(), store_id) if "pos.approve" in PERMISSIONS[one["role"]]]
    return {"parcels": found, "managers": managers}, 200


@bp.post("/lost-phone/send")
@permit("desk.fulfil")
@bp.input(SmsForm)
def lost_phone_send(json_data: SmsForm) -> Reply:
    """Send a code to the order's own phone, at most three times.  404 `pickup_code_wrong`, 409 `sms_limit`."""
    me, store_id = who.me(), who.own_store()

    def do(opened: Session) -> Reply:
        parcel = parcels.here(opened, store_id, json_data.parcel_id)
        return {"sends": lost_phone.send(opened, parcel, json_data.tail, actor=me.actor, now=g.now)}, 200

    pickup.tries_left(session(), me.actor, now=g.now)
    try:
        return once(json_data, do)
    except pickup.PickupCodeWrong as wrong:
        raise _counted(wrong, store_id) from None


@bp.post("/lost-phone/hand-over")
@permit("desk.fulfil")
@bp.input(LostPhoneForm)
def lost_phone_hand_over(json_data: LostPhoneForm) -> Reply:
    """Hand over without the customer's phone: the SMS code, the last four digits, a manager, a reason.

    403 `manager_needed` comes before anything is looked at; a wrong code counts as at `check`.
    """
    me, store_id = who.me(), who.own_store()
    pickup.tries_left(session(), me.actor, now=g.now)
    approver = _manager(json_data.approver)

    def work(opened: Session, parcel: Any, actor: str) -> None:
        lost_phone.prove(opened, parcel, json_data.tail, json_data.code, now=g.now)
        why = {"reason": json_data.reason, "approver_id": approver}
        fulfil.collect(opened, parcel, staff_id=me.id, actor=actor, now=g.now, without_phone=why)

    quiet = json_data.approver.model_copy(update={"pin": ""}) if json_data.approver else None
    try:
        kept = json_data.model_copy(update={"approver": quiet})
        return step(json_data, json_data.parcel_id, work, kept=kept)
    except pickup.PickupCodeWrong as wrong:
        raise _counted(wrong, store_id) from None


def _manager(form: ApproverForm | None) -> int:
    """A manager by PIN, or oneself when one may approve; raises ManagerNeeded."""
    if form is not None:
        found = approved_by(form)
        assert found is not None, form
        return found.id
    me = who.me()
    if "pos.approve" not in me.permissions:
        raise ManagerNeeded()
    return me.id
