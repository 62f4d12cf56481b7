"""A shift that a till opened or counted, with or without network: it happened, in the order of the till's chain."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from trade.orders.offline import in_shift
from trade.orders.offline.shift_said import OpenSaid, SealSaid
from trade.orders.offline.taking import Taken
from trade.orders.shifts import moves, settle
from trade.stores import tills


def open_(session: Session, store_id: int, till_id: int, said: OpenSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """Open the shift under the name that the till gave it.

    :raises CannotTake, ShiftOpen: another shift of the drawer is open; this one and its sales wait on the desk.
    """
    actor, till = in_shift.actor(session, said.staff_id), tills.one(session, till_id, store_id)
    name = said.shift_uuid or ""
    moves.open_(session, till, name, said.staff_id, said.pieces, opened_at=sold_at, actor=actor, now=now)
    return Taken()


def seal(session: Session, store_id: int, till_id: int, said: SealSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """The blind count of the shift: no more is sold in it.  One that is right, with everything here, is final at once.

    :raises CannotTake, WrongState: it was counted, or sealed, before.
    """
    actor, row = in_shift.actor(session, said.staff_id), in_shift.of(session, store_id, till_id, said)
    end = moves.Seal(said.device, said.seq, len(said.unsent), sum(one.fen for one in said.unsent))
    counted = moves.count(
        session, store_id, row.id, said.staff_id, said.pieces, taken_fen=said.taken_fen, seal=end, again=said.again,
        at=sold_at, actor=actor, now=now,
    )  # fmt: skip
    if not said.again:
        settle.seal_if_exact(session, counted, actor=actor, now=now)
    return Taken()
