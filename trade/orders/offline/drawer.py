"""A drawer that was opened without a sale and without network: told when the till is heard of again."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field
from sqlalchemy.orm import Session

from trade.orders.offline.document import Said
from trade.orders.offline.taking import Taken
from trade.stores import drawer


class DrawerSaid(Said):
    """Who approved it by PIN, and why."""

    kind: Literal["drawer"]
    approver_id: int
    reason: str = Field(min_length=1, max_length=200)


def fault(said: DrawerSaid) -> str:
    """No money moved, or it was no opening without a sale."""
    return "sum" if said.payable_fen or said.rounding_fen else ""


def take(session: Session, store_id: int, till_id: int, said: DrawerSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """One row in the journal, of the moment when it happened."""
    drawer.opened(
        session, store_id, till_id, shift_id=said.shift_id, reason=said.reason,
        approved_by=f"staff:{said.approver_id}", actor=f"staff:{said.staff_id}", now=sold_at, told_at=now,
    )  # fmt: skip
    return Taken()
