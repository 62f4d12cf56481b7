"""A customer came without the phone that holds the code (till-and-store-desk.md 3.18).

Three things together open the parcel: the last four digits of the order's phone, a code sent to that phone, which a
friend or a second device may read out, and a manager with a reason.  There is no way by the order's number alone.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import Refused
from member import secrets as sealed
from member.reach import moves as reach
from trade.fulfilment.pickup import PickupCodeWrong

GOOD_FOR = timedelta(minutes=10)
SENDS = 3


class SmsLimit(Refused):
    """The code was sent three times already."""

    code = "sms_limit"


_FIND = text("""
    SELECT p.id FROM parcel p JOIN sale_order o ON o.store_id = p.store_id AND o.id = p.order_id
    JOIN member m ON m.id = o.member_id
    WHERE p.at_store_id = :at AND p.state = 'ready' AND right(m.phone_masked, 4) = :tail ORDER BY p.id LIMIT 20""")
_SEND = text("""
    INSERT INTO pickup_sms AS s (store_id, parcel_id, hash, sealed, sent_at)
    VALUES (:store, :parcel, :hash, :sealed, :now)
    ON CONFLICT (store_id, parcel_id) DO UPDATE SET hash = excluded.hash, sealed = excluded.sealed,
        sent_at = excluded.sent_at, sends = s.sends + 1
    WHERE s.sends < :most AND s.used_at IS NULL RETURNING sends""")
_USE = text("""
    UPDATE pickup_sms SET used_at = :now
    WHERE store_id = :store AND parcel_id = :parcel AND hash = :hash AND used_at IS NULL AND sent_at > :since
    RETURNING parcel_id""")
_WHOSE = text("SELECT member_id FROM sale_order WHERE store_id = :store AND id = :order")
_SENT = text("SELECT sealed FROM pickup_sms WHERE store_id = :store AND parcel_id = :parcel AND used_at IS NULL")


def _hash(parcel: Any, code: str) -> bytes:
    return sealed.fingerprint("pickup_sms", f"{parcel.store_id}:{parcel.id}:{code}")


def waiting(session: Session, at_store_id: int, tail: str) -> list[int]:
    """Ids of the parcels that lie ready in this store for phones that end so."""
    return [row.id for row in fetch(session, _FIND, {"at": at_store_id, "tail": tail})]


def send(session: Session, parcel: Any, tail: str, *, actor: str, now: datetime) -> int:
    """Send a code to the order's own phone; returns how often that was done.  A new one voids the one before.

    :raises PickupCodeWrong: no parcel of a phone that ends so lies ready here under this id.  :raises SmsLimit.
    """
    if parcel.id not in waiting(session, parcel.at_store_id, tail):
        raise PickupCodeWrong()
    code = f"{secrets.randbelow(10**6):06d}"
    given = {"store": parcel.store_id, "parcel": parcel.id, "hash": _hash(parcel, code), "now": now, "most": SENDS}
    made = first(session, _SEND, given | {"sealed": sealed.seal(code.encode())})
    if made is None:
        raise SmsLimit(most=SENDS)
    data = {"order_id": parcel.order_id, "parcel_id": parcel.id, "store_id": parcel.store_id, "sends": made.sends}
    about = f"order:{parcel.order_id}"
    journal.record(session, "pickup.sms_asked", about, actor=actor, now=now, **data)
    whose = first(session, _WHOSE, {"store": parcel.store_id, "order": parcel.order_id})
    if whose is not None and whose.member_id is not None:
        of = {"event": "proof", "version": int(made.sends), "store_id": parcel.at_store_id, "about": about}
        subject = f"proof:{parcel.store_id}:{parcel.id}"
        reach.ask(session, whose.member_id, "pickup_proof", subject, **of, actor=actor, now=now)
    return int(made.sends)


def prove(session: Session, parcel: Any, tail: str, code: str, *, now: datetime) -> None:
    """Take the code, once.  Raises PickupCodeWrong: it is wrong, older than ten minutes, or the digits are others."""
    given = {"store": parcel.store_id, "parcel": parcel.id, "hash": _hash(parcel, code), "now": now}
    known = parcel.id in waiting(session, parcel.at_store_id, tail)
    if not known or first(session, _USE, given | {"since": now - GOOD_FOR}) is None:
        raise PickupCodeWrong()


def sent_code(session: Session, store_id: int, parcel_id: int) -> str | None:
    """What was sent, for whoever sends it; None when nothing is open."""
    found = first(session, _SENT, {"store": store_id, "parcel": parcel_id})
    return sealed.open_sealed(bytes(found.sealed)).decode() if found else None
