"""A basket that a till threw away and could not tell at once: it happened, so it is written down in its own shift.

told to the till by                          what becomes of it
nobody, before the subtotal                  written down
a manager's PIN on the device (3.7)          written down, with an approval given `alone`
an approval that was good when it happened   written down, and the approval is used up
nobody, after the subtotal                   `approval_missing`, on the desk
an approval for something else, or used up   `approval_over`, on the desk
who may not approve here                     `not_an_approver`, on the desk

A basket that was put aside and is another till's by now stays theirs; that this one was voided stands all the same.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import NotFound
from trade.orders.held import moves as held
from trade.orders.offline import in_shift
from trade.orders.offline.document import FEN, UUID, Part, Said
from trade.orders.offline.taking import CannotTake, Taken
from trade.orders.offline.word import may_approve
from trade.orders.ticket import voids
from trade.stores.approvals import moves as approvals
from trade.stores.approvals.states import Action


class VoidedLine(Part):
    """What lay in the basket."""

    name: str = Field(max_length=300)
    qty: int = Field(gt=0)
    list_fen: int = FEN


class VoidSaid(Said):
    """The basket under its own `id`, why, what the customer was told (`told_fen`), and by whose word.

    `approval_id` where the server gave the word, else `approver_id` by PIN without network.
    """

    kind: Literal["void"]
    id: str = Field(pattern=UUID)
    reason: voids.Reason
    lines: list[VoidedLine] = Field(min_length=1, max_length=500)
    told_fen: int = FEN
    after_subtotal: bool
    approval_id: int | None = None
    approver_id: int | None = None
    held_id: str | None = Field(None, max_length=40)
    held_version: int = Field(0, ge=0)

    @property
    def stake_fen(self) -> int:
        """What was thrown away; none of it is in the drawer."""
        return self.told_fen


def fault(said: VoidSaid) -> str:
    """No money moved, or it was no void."""
    return "sum" if said.payable_fen or said.rounding_fen else ""


def take(session: Session, store_id: int, till_id: int, said: VoidSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """Write it down as of when it happened; one that the till could tell after all is known.

    :raises CannotTake, ApprovalMissing, ApprovalOver: after the subtotal without a word that counts.
    """
    shift = in_shift.of(session, store_id, till_id, said)
    if voids.is_known(session, store_id, said.id):
        return Taken()
    actor = in_shift.actor(session, said.staff_id)
    approver_id = _approver(session, store_id, till_id, said, sold_at) if said.after_subtotal else None
    lines = [line.model_dump() for line in said.lines]
    told: dict[str, Any] = {"after_subtotal": said.after_subtotal, "alone": True}
    voided = voids.Voided(said.id, till_id, shift.id, said.staff_id, said.reason, lines, said.told_fen, **told)
    voids.write(session, store_id, voided, approver_id=approver_id, actor=actor, now=sold_at)
    if said.held_id:
        hand = held.Hand(said.held_id, said.held_version)
        with suppress(held.HeldMovedOn, NotFound):
            held.drop(session, store_id, hand, till_id=till_id, staff_id=said.staff_id, now=now)
    return Taken()


def _approver(session: Session, store_id: int, till_id: int, said: VoidSaid, at: datetime) -> int:
    done: dict[str, Any] = {"before_fen": said.told_fen, "after_fen": 0}
    subject = f"ticket:{said.id}"
    if said.approval_id is not None or said.approver_id is None:
        ids = [] if said.approval_id is None else [said.approval_id]
        by: dict[str, Any] = {"till_id": till_id, "staff_id": said.staff_id, "now": at}
        return approvals.use(session, store_id, ids, Action.VOID, subject=subject, **by, **done).approver_id
    if not may_approve(session, store_id, said.approver_id):
        raise CannotTake("not_an_approver")
    asked = approvals.Asked(store_id, till_id, said.staff_id, Action.VOID, subject, said.reason, done)
    approvals.given_alone(session, asked, said.approver_id, done=done, now=at)
    return said.approver_id
