"""Which shift a till's document is of, and what becomes of it: a document is booked to its own shift, however late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from trade.orders.offline.document import Said
from trade.orders.offline.taking import CannotTake
from trade.orders.shifts import settle

_OF = text("""
    SELECT s.* FROM shift s JOIN till t ON t.store_id = s.store_id AND t.id = :till
    WHERE s.store_id = :store AND (s.till_id = t.id OR s.drawer_id = t.drawer_id)
      AND (s.uuid = CAST(:uuid AS text) OR CAST(:uuid AS text) IS NULL AND s.id = :shift)
    FOR NO KEY UPDATE OF s""")
_STAFF = text("SELECT id FROM staff WHERE id = :staff")


def of(session: Session, store_id: int, till_id: int, said: Said) -> Any:
    """The shift that a document names, of the till's drawer; nobody else sells in it, counts or settles it meanwhile.

    :raises CannotTake: `unknown_shift`.
    """
    given = {"store": store_id, "till": till_id, "shift": said.shift_id, "uuid": said.shift_uuid}
    row = first(session, _OF, given)
    if row is None:
        raise CannotTake("unknown_shift")
    return row


def actor(session: Session, staff_id: int) -> str:
    """How the journal names who stood at the till.

    :raises CannotTake: `unknown_staff`.
    """
    if first(session, _STAFF, {"staff": staff_id}) is None:
        raise CannotTake("unknown_staff")
    return f"staff:{staff_id}"


def follow(session: Session, store_id: int, till_id: int, said: Said, *, actor: str, now: datetime) -> None:
    """After a document was booked, or could not be: where that changed what a settled shift took, its Z is amended."""
    given = {"store": store_id, "till": till_id, "shift": said.shift_id, "uuid": said.shift_uuid}
    row = first(session, _OF, given)
    if row is not None:
        settle.late(session, row, said.no, actor=actor, now=now)
