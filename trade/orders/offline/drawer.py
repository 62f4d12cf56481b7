"""A drawer that was opened without a sale and without network: told when the till is heard of again."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field
from sqlalchemy.orm import Session

from trade.orders.offline import in_shift
from trade.orders.offline.document import Said
from trade.orders.offline.taking import CannotTake, Taken
from trade.orders.offline.word import may_approve
from trade.stores import drawer
from trade.stores.approvals import moves as approvals
from trade.stores.approvals.states import Action


class DrawerSaid(Said):
    """Who approved it by PIN, and why."""

    kind: Literal["drawer"]
    approver_id: int
    reason: str = Field(min_length=1, max_length=200)


def fault(said: DrawerSaid) -> str:
    """No money moved, or it was no opening without a sale."""
    return "sum" if said.payable_fen or said.rounding_fen else ""


def take(session: Session, store_id: int, till_id: int, said: DrawerSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """One row in the journal, of the moment when it happened and of its own shift, and the approval given there.

    :raises CannotTake: `unknown_shift`, `unknown_staff`, or `not_an_approver`.
    """
    shift = in_shift.of(session, store_id, till_id, said)
    actor = in_shift.actor(session, said.staff_id)
    if not may_approve(session, store_id, said.approver_id):
        raise CannotTake("not_an_approver")
    what = {"shift_id": shift.id}
    asked = approvals.Asked(store_id, till_id, said.staff_id, Action.NO_SALE, f"till:{till_id}", said.reason, what)
    approvals.given_alone(session, asked, said.approver_id, done={}, now=sold_at)
    drawer.opened(
        session, store_id, till_id, shift_id=shift.id, reason=said.reason,
        approved_by=f"staff:{said.approver_id}", actor=actor, now=sold_at, told_at=now,
    )  # fmt: skip
    return Taken()
