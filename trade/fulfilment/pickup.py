"""The pickup code: what it protects is in till-and-store-desk.md 3.18.

Eight random digits, unique among the codes of the store, kept sealed for the customer's screen and
as a keyed hash for the look-up.  Wrong tries are counted in PostgreSQL, per device of staff.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.errors import NotFound, Refused
from member import secrets as sealed

TRIES = 5
WINDOW = timedelta(minutes=10)


class PickupCodeWrong(NotFound):
    """No parcel of this store waits under this code; `tries_left` says how many tries remain."""

    code = "pickup_code_wrong"


class PickupLocked(Refused):
    """Too many wrong codes on this device; wait until `retry_at`."""

    code, status = "pickup_locked", 429


class AlreadyCollected(Refused):
    """The code was used: `at` and `by` say when and by whom."""

    code = "already_collected"


_TAKEN = text("SELECT 1 FROM parcel WHERE at_store_id = :store AND pickup_hash = :hash")
_FIND = text(
    "SELECT p.*, staff.name AS by FROM parcel p LEFT JOIN staff ON staff.id = p.handed_by"
    " WHERE p.at_store_id = :store AND p.pickup_hash = :hash"
)
_WRONG = text("INSERT INTO attempt (subject, at) VALUES (:subject, :now)")
_TRIES = text("SELECT count(*), min(at) FROM attempt WHERE subject = :subject AND at > :since")


def fingerprint(store_id: int, code: str) -> bytes:
    """The keyed hash of a code, bound to its store."""
    return sealed.fingerprint("pickup", f"{store_id}:{code}")


def seal(code: str) -> bytes:
    """The code, encrypted for the table."""
    return sealed.seal(code.encode())


def open_code(value: bytes) -> str:
    """The code as the customer sees it."""
    return sealed.open_sealed(value).decode()


def draw(session: Session, store_id: int) -> str:
    """A new code that no parcel of the store has had."""
    while True:
        code = f"{secrets.randbelow(10**8):08d}"
        if session.execute(_TAKEN, {"store": store_id, "hash": fingerprint(store_id, code)}).first() is None:
            return code


def tries_left(session: Session, device: str, *, now: datetime) -> int:
    """How many wrong codes this device may still enter; raises PickupLocked when none."""
    used, since = session.execute(_TRIES, {"subject": f"pickup:{device}", "since": now - WINDOW}).one()
    if used >= TRIES:
        raise PickupLocked(retry_at=(since + WINDOW).isoformat())
    return TRIES - int(used)


def note_wrong(session: Session, device: str, *, now: datetime) -> None:
    """Count a wrong code.  Commit it even though the request is refused."""
    session.execute(_WRONG, {"subject": f"pickup:{device}", "now": now})


def find(session: Session, store_id: int, code: str) -> Any | None:
    """The parcel that waits under this code in this store, or None.

    :raises AlreadyCollected: the code was right and has been used.
    """
    found = session.execute(_FIND, {"store": store_id, "hash": fingerprint(store_id, code)}).first()
    if found is None:
        return None
    if found.state == "delivered":
        raise AlreadyCollected(at=found.closed_at.isoformat(), by=found.by or "")
    return found if found.state == "ready" else None
