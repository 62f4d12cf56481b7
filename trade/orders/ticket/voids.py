"""Tickets that were voided: a basket that is thrown away leaves its trace, and after the subtotal a manager's word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first

Reason = Literal["left", "wrong", "money", "again"]
"""Why: the customer left, it was rung up wrongly, could not be paid, or is rung up anew."""


@dataclass(frozen=True, slots=True)
class Voided:
    """What was voided, where: `lines` are {name, qty, list_fen}, `payable_fen` is what the customer was told."""

    id: str
    till_id: int
    shift_id: int
    staff_id: int
    reason: Reason
    lines: Sequence[Mapping[str, Any]]
    payable_fen: int
    after_subtotal: bool
    alone: bool = False


_WRITE = text("""
    INSERT INTO voided_ticket (store_id, id, till_id, shift_id, staff_id, approver_id, after_subtotal, alone, reason,
        lines, payable_fen, at)
    VALUES (:store, :id, :till, :shift, :staff, CAST(:approver AS bigint), :after, :alone, :reason,
        CAST(:lines AS jsonb), :payable, :at)""")
_KNOWN = text("SELECT id FROM voided_ticket WHERE store_id = :store AND id = :id")


def is_known(session: Session, store_id: int, ticket_id: str) -> bool:
    """Whether it was written down before: a till that had no network tells it until it is answered."""
    return first(session, _KNOWN, {"store": store_id, "id": ticket_id}) is not None


def write(
    session: Session, store_id: int, voided: Voided, *, approver_id: int | None, actor: str, now: datetime
) -> None:
    """Write down a voided ticket."""
    row: dict[str, Any] = {
        "store": store_id, "id": voided.id, "till": voided.till_id, "shift": voided.shift_id,
        "staff": voided.staff_id, "approver": approver_id, "after": voided.after_subtotal, "alone": voided.alone,
        "reason": voided.reason, "lines": json.dumps(voided.lines, ensure_ascii=False),
        "payable": voided.payable_fen, "at": now,
    }  # fmt: skip
    fetch(session, _WRITE, row)
    data: dict[str, Any] = {
        "store_id": store_id,
        "till_id": voided.till_id,
        "shift_id": voided.shift_id,
        "reason": voided.reason,
    }
    data |= {"before_fen": voided.payable_fen, "after_fen": 0, "lines": list(voided.lines), "alone": voided.alone}
    data["approved_by"] = f"staff:{approver_id}" if approver_id else None
    journal.record(session, "ticket.voided", f"ticket:{voided.id}", actor=actor, now=now, **data)
