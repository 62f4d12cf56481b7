"""A manager's word that was given by PIN at a till without network, for a time: told when the till is heard of again.

action          lets the till                             until
offline_mode    sell and take back without network        as the store's rule said on the device
late_shift      go on in a shift whose day is over        the next cut-over, once a shift
tender_unknown  take a success page for money             the same; the cap in all counts from here on

It happened, so it is written down whatever became of it since; by who may not approve it waits on the desk.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from trade.orders.offline import in_shift
from trade.orders.offline.document import Said
from trade.orders.offline.taking import CannotTake, Taken
from trade.orders.shifts import moves as shifts
from trade.pricing.promotions.book import from_ms
from trade.stores.approvals import moves as approvals
from trade.stores.approvals.states import Action
from trade.stores.models import Role
from trade.stores.roles import PERMISSIONS

LONGEST = timedelta(days=2)


class WordSaid(Said):
    """Whose word, why, and until when by the device's clock."""

    kind: Literal["word"]
    action: Literal["offline_mode", "late_shift", "tender_unknown"]
    approver_id: int
    reason: str = Field(min_length=1, max_length=200)
    until_ms: int = Field(ge=0, le=10**14)


def fault(said: WordSaid) -> str:
    """No money moved; `until` where it ended before it began, or never."""
    if said.payable_fen or said.rounding_fen:
        return "sum"
    return "" if 0 < said.until_ms - said.at_ms <= LONGEST // timedelta(milliseconds=1) else "until"


_WHO = text("SELECT role, store_id FROM staff WHERE id = :id")


def may_approve(session: Session, store_id: int, staff_id: int | None) -> bool:
    """Whether a colleague may approve at the tills of a store."""
    row = first(session, _WHO, {"id": staff_id})
    return row is not None and row.store_id == store_id and "pos.approve" in PERMISSIONS[Role(row.role)]


def take(session: Session, store_id: int, till_id: int, said: WordSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """Write the approval down, of the moment when it was given, and let a forgotten shift have gone on.

    :raises CannotTake: `unknown_shift`, `unknown_staff`, or `not_an_approver`.
    """
    shift = in_shift.of(session, store_id, till_id, said)
    if first(session, _WHO, {"id": said.staff_id}) is None:
        raise CannotTake("unknown_staff")
    if not may_approve(session, store_id, said.approver_id):
        raise CannotTake("not_an_approver")
    action = Action(said.action)
    until = sold_at + (from_ms(said.until_ms) - from_ms(said.at_ms))
    if action is Action.LATE_SHIFT:
        until = shifts.sells_until(sold_at)
        by, actor = said.approver_id, f"staff:{said.staff_id}"
        shifts.prolonged_alone(session, store_id, shift.id, by, said.reason, actor=actor, at=sold_at, now=now)
    subject = f"shift:{shift.id}" if action is Action.LATE_SHIFT else f"till:{till_id}"
    asked = approvals.Asked(store_id, till_id, said.staff_id, action, subject, said.reason, {"shift_id": shift.id})
    done = {"until_at": until.isoformat()}
    approvals.given_alone(session, asked, said.approver_id, done=done, now=sold_at, until=until)
    return Taken()
