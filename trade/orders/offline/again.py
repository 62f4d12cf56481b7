"""What a person does about a till's document that could not be booked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config.errors import NotFound, Refused
from trade.orders.offline import delivery, moves
from trade.orders.offline.kinds import read
from trade.orders.offline.states import State


class StillExcepted(Refused):
    """The document cannot be booked yet, for the same or another `reason`."""

    code = "still_excepted"


def take(session: Session, store_id: int, uuid: str, *, now: datetime) -> None:
    """Try once more, after what was missing is there.

    :raises NotFound: there is no such document.
    :raises StillExcepted: nothing changed.
    """
    row = moves.one(session, store_id, uuid)
    if row is None:
        raise NotFound(uuid=uuid)
    result = delivery.take(session, store_id, row.till_id, read(row.body), now=now)
    if result.state == State.EXCEPTED:
        raise StillExcepted(reason=result.reason)


def settle(session: Session, store_id: int, uuid: str, note: str, *, actor: str, now: datetime) -> None:
    """It was seen to otherwise, as `note` says; its money stays counted in the drawer it went into.

    :raises NotFound, WrongState: there is none that waits.
    """
    moves.move(session, store_id, uuid, "settle", reason=note, actor=actor, now=now)
