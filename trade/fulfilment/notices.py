"""Messages to the customer about a parcel (till-and-store-desk.md 3.20): written with the step, sent later.

A message that cannot be sent never undoes the step; the desk sees what became of it and may send it again, three times
at most.  One (parcel, event, version) is sent once; every sending again is another version.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused

AGAIN = 3


class ResendLimit(Refused):
    """It was sent again `AGAIN` times already."""

    code = "resend_limit"


_ASK = text("""
    INSERT INTO parcel_notice (store_id, parcel_id, event, version, order_id, sends, asked_at)
    SELECT :store, :parcel, :event, coalesce(last.version, 0) + 1, :order,
        CASE WHEN CAST(:again AS boolean) THEN last.sends + 1 ELSE 1 END, :now
    FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT version, sends FROM parcel_notice
        WHERE store_id = :store AND parcel_id = :parcel AND event = :event ORDER BY version DESC LIMIT 1) last ON true
    WHERE NOT CAST(:again AS boolean) OR last.sends <= :most RETURNING version""")
_LOCK = text("SELECT id FROM parcel WHERE store_id = :store AND id = :parcel FOR NO KEY UPDATE")
_ANSWER = text("""
    UPDATE parcel_notice SET status = :status, way = :way, answered_at = :now
    WHERE store_id = :store AND parcel_id = :parcel AND event = :event AND version = :version AND status = 'queued'
    RETURNING order_id""")
_QUEUED = text("""
    SELECT n.*, o.member_id FROM parcel_notice n JOIN sale_order o ON o.store_id = n.store_id AND o.id = n.order_id
    WHERE status = 'queued' ORDER BY asked_at, n.parcel_id LIMIT :most""")
_OPEN = text("SELECT 1 FROM parcel_notice WHERE store_id = :store AND parcel_id = :parcel AND event = :event")


def ask(session: Session, parcel: Any, event: str, *, again: bool = False, actor: str, now: datetime) -> int:
    """A message about `event` is to be sent; returns its version.  The fact `parcel.notice_asked` wakes who sends it.

    What happens to a parcel twice is told twice, each with three sendings `again` of its own.

    :raises ResendLimit: it was sent again three times.
    """
    given = {"store": parcel.store_id, "parcel": parcel.id, "event": event, "order": parcel.order_id, "now": now}
    fetch(session, _LOCK, given)  # two at once would count the same sendings
    made = first(session, _ASK, given | {"again": again, "most": AGAIN})
    if made is None:
        raise ResendLimit(most=AGAIN)
    data = {"order_id": parcel.order_id, "parcel_id": parcel.id, "store_id": parcel.store_id, "event": event}
    told = {**data, "version": made.version}
    journal.record(session, "parcel.notice_asked", f"order:{parcel.order_id}", actor=actor, now=now, **told)
    return int(made.version)


def send_again(session: Session, parcel: Any, event: str, *, actor: str, now: datetime) -> int:
    """Send the message of `event` once more.  Raises NotFound when it was never sent, ResendLimit."""
    if first(session, _OPEN, {"store": parcel.store_id, "parcel": parcel.id, "event": event}) is None:
        raise NotFound(event=event)
    return ask(session, parcel, event, again=True, actor=actor, now=now)


def answered(session: Session, notice: Any, status: str, *, way: str = "", actor: str, now: datetime) -> bool:
    """What became of one sending: `sent`, `failed` or `not_authorised`; False when that was known already."""
    given = {"store": notice.store_id, "parcel": notice.parcel_id, "event": notice.event, "version": notice.version}
    found = first(session, _ANSWER, given | {"status": status, "way": way, "now": now})
    if found is None:
        return False
    data = {"parcel_id": notice.parcel_id, "event": notice.event, "version": notice.version, "way": way}
    kind = f"parcel.notice_{status}"
    journal.record(session, kind, f"order:{found.order_id}", actor=actor, now=now, order_id=found.order_id, **data)
    return True


def queued(session: Session, *, most: int) -> list[Any]:
    """What is still to be sent, the oldest first."""
    return fetch(session, _QUEUED, {"most": most})
