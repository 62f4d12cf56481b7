"""What became of messages, for those who answer for them; and what `/metrics` says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import fetch
from config.figures import Figures, Sample
from member.reach.states import State

UNTOLD = (State.FAILED, State.GIVEN_UP, State.NOT_AUTHORISED)
"""The member was not told, and it was still true."""
DAYS = 7

_FIGURES = text("""
    SELECT kind, state, way, count(*)::bigint AS messages FROM message
    WHERE settled_at > :since AND state <> 'queued' AND (CAST(:store AS bigint) IS NULL OR store_id = :store)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""")
_UNTOLD = text("""
    SELECT id, kind, event, subject, store_id, state, way, code, tries, asked_at, settled_at FROM message
    WHERE settled_at > :since AND state = ANY(:states) AND (CAST(:store AS bigint) IS NULL OR store_id = :store)
    ORDER BY settled_at DESC, id DESC LIMIT :most""")
_NOW = text("""
    SELECT (SELECT count(*) FROM message WHERE state = 'queued' AND next_at < :now) AS due,
        (SELECT coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(next_at)), 0)::bigint FROM message
         WHERE state = 'queued' AND next_at < :now) AS oldest_s""")
_DAY = text("SELECT state, count(*)::bigint AS messages FROM message WHERE settled_at > :since GROUP BY 1")


def overview(session: Session, *, store_id: int | None, now: datetime, most: int = 50) -> dict[str, Any]:
    """Of the last DAYS: how many messages of each kind ended how, and the newest that did not reach the member.

    :param store_id: only those about parcels and orders of one store; None for the whole chain.
    """
    given = {"store": store_id, "since": now - timedelta(days=DAYS)}
    untold = fetch(session, _UNTOLD, {**given, "states": [str(one) for one in UNTOLD], "most": most})
    return {
        "days": DAYS,
        "figures": [row._asdict() for row in fetch(session, _FIGURES, given)],
        "untold": [
            {**row._asdict(), "asked_at": row.asked_at.isoformat(), "settled_at": row.settled_at.isoformat()}
            for row in untold
        ],
    }


def _read(session: Session) -> Iterator[Sample]:
    now = clock.now()
    waits = session.execute(_NOW, {"now": now}).one()
    yield "tongdian_messages_due", [], waits.due
    yield "tongdian_messages_oldest_seconds", [], waits.oldest_s
    found = {row.state: row.messages for row in session.execute(_DAY, {"since": now - timedelta(days=1)})}
    for state in State:
        if state is not State.QUEUED:
            yield "tongdian_messages_day", [state], found.get(state, 0)


FIGURES = Figures(
    [
        ("tongdian_messages_due", "Messages that should have been sent by now", []),
        ("tongdian_messages_oldest_seconds", "Since when the oldest of them is due, in seconds", []),
        ("tongdian_messages_day", "How messages ended in the last 24 hours", ["state"]),
    ],
    _read,
)
