"""The pickup code: what it protects is in till-and-store-desk.md 3.18.

Eight random digits, unique among the codes of the store, kept sealed for the customer's screen and as a keyed hash for
the look-up.  The mini-program shows a signed text besides, as a QR: it names the parcel, lives at most a minute, and
dies with the code.  Wrong tries are counted in PostgreSQL, per device of staff.  Nothing opens a parcel by its number.

    what is shown                            what the desk hears
    of a parcel that lies ready here         the parcel
    of one that was handed over              already_collected: when, where, by whom
    of one that was cancelled or refunded    pickup_cancelled
    replaced, fetched by nobody, or old      pickup_expired
    of one that is not put together yet      pickup_not_ready (what a till sold: its receipt has the code at once)
    of a parcel in another store             pickup_elsewhere: which; a code counts as a wrong try
    anything else                            pickup_code_wrong; counts
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from member import secrets as sealed

TRIES = 5
WINDOW = timedelta(minutes=10)
STEP_S, STEPS = 30, 2
"""A signed text is made anew every 30 s and is good for two such steps: never longer than a minute."""


class PickupCodeWrong(NotFound):
    """No parcel of this store waits under this code; `tries_left` says how many tries remain."""

    code = "pickup_code_wrong"


class PickupLocked(Refused):
    """Too many wrong codes on this device; wait until `retry_at`."""

    code, status = "pickup_locked", 429


class AlreadyCollected(Refused):
    """The code was used: `at`, `place` and `by` say when, where and by whom."""

    code = "already_collected"


class PickupCancelled(Refused):
    """The parcel was cancelled or refunded: nothing is handed over."""

    code = "pickup_cancelled"


class PickupExpired(Refused):
    """The code was replaced by another, is too old, or nobody fetched the parcel in time; `why` says which."""

    code = "pickup_expired"


class PickupElsewhere(Refused):
    """The parcel lies in another store, `place`."""

    code = "pickup_elsewhere"


class PickupNotReady(Refused):
    """The code is right, and the goods are not put together yet; `promise_at` is when they should be."""

    code = "pickup_not_ready"


_TAKEN = text("""
    SELECT 1 FROM parcel WHERE at_store_id = :store AND pickup_hash = :hash
    UNION ALL SELECT 1 FROM pickup_end WHERE at_store_id = :store AND hash = :hash""")
_WHO = """
    SELECT p.*, staff.name AS by, store.name AS place FROM parcel p LEFT JOIN staff ON staff.id = p.handed_by
    LEFT JOIN store ON store.id = p.at_store_id WHERE """
_FIND = text(_WHO + "p.at_store_id = :store AND p.pickup_hash = :hash")
_ELSEWHERE = text(_WHO + "p.pickup_anywhere = :anywhere AND p.state = 'ready' LIMIT 1")
_KEY = text(_WHO + "p.store_id = :store AND p.id = :parcel")
_ENDED = text("SELECT why FROM pickup_end WHERE at_store_id = :store AND hash = :hash")
_WRONG = text("INSERT INTO attempt (subject, at) VALUES (:subject, :now)")
_TRIES = text("SELECT count(*), min(at) FROM attempt WHERE subject = :subject AND at > :since")
_GIVE = text("""
    UPDATE parcel SET pickup_hash = :hash, pickup_sealed = :sealed, pickup_anywhere = :anywhere, delegated = :delegated
    WHERE store_id = :store AND id = :parcel""")
_REPLACE = text("""
    INSERT INTO pickup_end (store_id, parcel_id, at_store_id, hash, anywhere, why, actor, at)
    SELECT store_id, id, at_store_id, pickup_hash, pickup_anywhere, 'replaced', :actor, :now FROM parcel
    WHERE store_id = :store AND id = :parcel AND pickup_hash IS NOT NULL""")
_READY = text("SELECT state FROM parcel WHERE store_id = :store AND id = :parcel FOR NO KEY UPDATE")


def fingerprint(store_id: int, code: str) -> bytes:
    """The keyed hash of a code, bound to its store."""
    return sealed.fingerprint("pickup", f"{store_id}:{code}")


def anywhere(code: str) -> bytes:
    """The keyed hash of a code in any store."""
    return sealed.fingerprint("pickup_anywhere", code)


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


def give(session: Session, parcel: Any, *, delegated: bool = False) -> str:
    """A new code for a parcel; returns it.  The one it had must have been ended before (`replace`)."""
    code = draw(session, parcel.at_store_id)
    given = {"store": parcel.store_id, "parcel": parcel.id, "delegated": delegated, "sealed": seal(code)}
    fetch(session, _GIVE, given | {"hash": fingerprint(parcel.at_store_id, code), "anywhere": anywhere(code)})
    return code


def keep(session: Session, parcel: Any) -> str:
    """The code of a parcel that lies ready: the one its customer has since it was sold, or a new one.

    One that was sold for another store is bound to this one, so that the paper in the customer's hand stays good.
    """
    if parcel.pickup_sealed is None:
        return give(session, parcel)
    code = open_code(bytes(parcel.pickup_sealed))
    here = fingerprint(parcel.at_store_id, code)
    if here == bytes(parcel.pickup_hash or b""):
        return code
    if first(session, _TAKEN, {"store": parcel.at_store_id, "hash": here}) is not None:
        return give(session, parcel)
    given = {"store": parcel.store_id, "parcel": parcel.id, "delegated": parcel.delegated, "sealed": seal(code)}
    fetch(session, _GIVE, given | {"hash": here, "anywhere": anywhere(code)})
    return code


def replace(session: Session, parcel: Any, *, delegated: bool, actor: str, now: datetime) -> str:
    """Another code for a parcel that lies ready: for a friend (`delegated`), or back for oneself; the old one is void.

    :raises WrongState: it does not lie ready; the code it has stays.
    """
    key = {"store": parcel.store_id, "parcel": parcel.id}
    found = first(session, _READY, key)
    if found is None or found.state != "ready":
        raise WrongState(parcel_id=parcel.id, state=found.state if found else "cancelled", event="replace_code")
    fetch(session, _REPLACE, key | {"actor": actor, "now": now})
    code = give(session, parcel, delegated=delegated)
    data = {"order_id": parcel.order_id, "parcel_id": parcel.id, "delegated": delegated}
    journal.record(session, "pickup.code_replaced", f"order:{parcel.order_id}", actor=actor, now=now, **data)
    return code


def tries_left(session: Session, device: str, *, now: datetime) -> int:
    """How many wrong codes this device may still enter; raises PickupLocked when none."""
    used, since = session.execute(_TRIES, {"subject": f"pickup:{device}", "since": now - WINDOW}).one()
    if used >= TRIES:
        raise PickupLocked(retry_at=(since + WINDOW).isoformat())
    return TRIES - int(used)


def note_wrong(session: Session, device: str, *, at_store_id: int, now: datetime) -> None:
    """Count a wrong code.  Commit it even though the request is refused.  The last one locks, and is told."""
    session.execute(_WRONG, {"subject": f"pickup:{device}", "now": now})
    used, since = session.execute(_TRIES, {"subject": f"pickup:{device}", "since": now - WINDOW}).one()
    if used == TRIES:
        until = (since + WINDOW).isoformat()
        where = f"store:{at_store_id}"
        journal.record(session, "pickup.locked", where, actor=device, now=now, store_id=at_store_id, until=until)


def find(session: Session, store_id: int, code: str) -> Any | None:
    """The parcel that waits under this code in this store, or None.

    :raises AlreadyCollected, PickupCancelled, PickupExpired, PickupNotReady: the code was one of this store.
    :raises PickupElsewhere: it is another store's; whoever asks counts it as a wrong try.
    """
    given = {"store": store_id, "hash": fingerprint(store_id, code), "anywhere": anywhere(code)}
    found = first(session, _FIND, given)
    if found is not None:
        return _judged(found)
    if ended := first(session, _ENDED, given):
        raise PickupExpired(why=ended.why)
    if other := first(session, _ELSEWHERE, given):
        raise PickupElsewhere(place=other.place)
    return None


def _judged(found: Any) -> Any:
    """The parcel of a code that is right, if it lies ready; else why not."""
    if found.state == "delivered":
        raise AlreadyCollected(at=found.closed_at.isoformat(), by=found.by or "", place=found.place or "")
    if found.state == "cancelled":
        raise PickupCancelled()
    if found.state in ("no_show", "returned"):
        raise PickupExpired(why="not_fetched")
    if found.state != "ready":
        raise PickupNotReady(promise_at=found.promise_at.isoformat() if found.promise_at else None)
    return found


def _signature(parcel: Any, step: int) -> str:
    said = f"{parcel.store_id}:{parcel.id}:{step}:{bytes(parcel.pickup_hash or b'').hex()}"
    return hmac.new(sealed.signing_key("pickup"), said.encode(), hashlib.sha256).hexdigest()[:32]


def show(parcel: Any, *, now: datetime) -> tuple[str, datetime]:
    """The text of the QR at this moment, and until when to show it (it is good a little longer)."""
    step = int(now.timestamp()) // STEP_S
    until = datetime.fromtimestamp((step + 1) * STEP_S, UTC)
    return f"TP.{parcel.store_id}.{parcel.id}.{step}.{_signature(parcel, step)}", until


def looks_signed(shown: str) -> bool:
    """Whether a scan is meant as the mini-program's QR."""
    return shown.startswith("TP.")


def find_signed(session: Session, store_id: int, shown: str, *, now: datetime) -> Any | None:
    """The parcel that a scanned QR names, as `find`; a forged one is None."""
    parts = shown.split(".")
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts[1:4]):
        return None
    found = first(session, _KEY, {"store": int(parts[1]), "parcel": int(parts[2])})
    step = int(parts[3])
    if found is None or not hmac.compare_digest(_signature(found, step), parts[4]):
        return None
    if found.at_store_id != store_id:
        raise PickupElsewhere(place=found.place or "")
    waits = _judged(found)
    if not 0 <= int(now.timestamp()) // STEP_S - step < STEPS:
        raise PickupExpired(why="old")
    return waits
