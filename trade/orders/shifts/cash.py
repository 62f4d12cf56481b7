"""Cash that goes into a drawer or out of it without a sale."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from trade.orders.shifts.states import CashKind

_MOVE = text("""
    INSERT INTO cash_move (store_id, shift_id, kind, fen, goes_to, reason, staff_id, request_id, at)
    VALUES (:store, :shift, :kind, :fen, CAST(:goes_to AS text), :reason, :staff, :request, :now) RETURNING id""")
_LIST = text("""
    SELECT m.id, m.kind, m.fen, m.goes_to, m.reason, m.at, staff.name AS staff_name
    FROM cash_move m JOIN staff ON staff.id = m.staff_id
    WHERE m.store_id = :store AND m.shift_id = :shift ORDER BY m.id""")


def note(
    session: Session,
    store_id: int,
    shift_id: int,
    kind: CashKind,
    fen: int,
    *,
    goes_to: str | None,
    reason: str,
    staff_id: int,
    request_id: str,
    actor: str,
    now: datetime,
) -> int:
    """Cash moved, in fen, and why; `goes_to` is safe or bank for a drop.  The caller holds the shift open."""
    given = {"store": store_id, "shift": shift_id, "kind": kind.value, "fen": fen, "goes_to": goes_to, "reason": reason}
    row = fetch(session, _MOVE, given | {"staff": staff_id, "request": request_id, "now": now})[0]
    facts = {"move": kind.value, "fen": fen, "goes_to": goes_to, "reason": reason}
    journal.record(session, "shift.cash_moved", f"shift:{shift_id}", actor=actor, now=now, **facts)
    return int(row.id)


def listed(session: Session, store_id: int, shift_id: int) -> list[dict[str, Any]]:
    """What moved in a shift, in its order."""
    return [
        {
            "id": row.id, "kind": row.kind, "fen": row.fen, "goes_to": row.goes_to, "reason": row.reason,
            "at": row.at.isoformat(), "staff_name": row.staff_name,
        }
        for row in fetch(session, _LIST, {"store": store_id, "shift": shift_id})
    ]  # fmt: skip
