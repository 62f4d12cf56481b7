"""Messages to the customer about a parcel (till-and-store-desk.md 3.20): asked for with the step, sent later.

A message that cannot be sent never undoes the step; the desk sees what became of it and may send it again, three times
at most.  One (parcel, event, version) is sent once; every sending again is another version.  How they are sent is in
`member/reach`, what they say in `trade/orders/telling.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, Refused
from member.reach import moves

AGAIN = 3
KINDS = {
    "ready": "ready",
    "remind": "ready",
    "handed": "shipped",
    "asking": "changed",
    "substitute": "changed",
    "cancel_declined": "changed",
    "missed": "changed",
}
"""What happened, without its number, and which kind of message tells it."""


class ResendLimit(Refused):
    """It was sent again `AGAIN` times already."""

    code = "resend_limit"


_LOCK = text("""
    SELECT (SELECT member_id FROM sale_order o WHERE o.store_id = p.store_id AND o.id = p.order_id) AS member_id
    FROM parcel p WHERE store_id = :store AND id = :parcel FOR NO KEY UPDATE OF p""")
_LAST = text(
    "SELECT version, sends FROM message WHERE subject = :subject AND event = :event ORDER BY version DESC LIMIT 1"
)
_NEWEST = text("""
    SELECT DISTINCT ON (m.subject) m.*, (SELECT max(before.settled_at) FROM message before
            WHERE before.subject = m.subject AND before.event = m.event AND before.state = 'sent') AS told_at
    FROM message m WHERE m.subject = ANY(:subjects) ORDER BY m.subject, m.asked_at DESC, m.id DESC""")


def subject(parcel: Any) -> str:
    """How a message names its parcel."""
    return f"parcel:{parcel.store_id}:{parcel.id}"


def ask(session: Session, parcel: Any, event: str, *, again: bool = False, actor: str, now: datetime) -> int:
    """A message about `event` is to be sent; returns its version, 0 when nobody is known who could be told.

    What happens to a parcel twice is told twice, each with three sendings `again` of its own.

    :raises ResendLimit: it was sent again three times.
    """
    # two at once would count the same sendings
    locked = first(session, _LOCK, {"store": parcel.store_id, "parcel": parcel.id})
    if locked is None or locked.member_id is None:
        return 0
    last = first(session, _LAST, {"subject": subject(parcel), "event": event})
    sends = last.sends + 1 if again and last else 1
    if sends > AGAIN + 1:
        raise ResendLimit(most=AGAIN)
    version = last.version + 1 if last else 1
    moves.ask(
        session,
        locked.member_id,
        KINDS[event.rstrip("_0123456789")],
        subject(parcel),
        event=event,
        version=version,
        sends=sends,
        store_id=parcel.at_store_id or parcel.store_id,
        about=f"order:{parcel.order_id}",
        actor=actor,
        now=now,
    )
    return int(version)


def send_again(session: Session, parcel: Any, event: str, *, actor: str, now: datetime) -> int:
    """Send the message of `event` once more.  Raises NotFound when it was never sent, ResendLimit."""
    if first(session, _LAST, {"subject": subject(parcel), "event": event}) is None:
        raise NotFound(event=event)
    return ask(session, parcel, event, again=True, actor=actor, now=now)


def newest(session: Session, subjects: Sequence[str]) -> Mapping[str, Any]:
    """The newest message about each of these, by `subject`; `told_at` is when the same was last told indeed."""
    found = fetch(session, _NEWEST, {"subjects": list(subjects)})
    return {row.subject: row for row in found}
