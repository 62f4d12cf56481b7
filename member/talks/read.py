"""How talking with people goes, for the head office: counts, and nothing that anybody said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.followers import OWNS

SINCE = timedelta(days=7)

_STANDING = text(f"""
    SELECT (SELECT count(*) FROM follower WHERE follows) AS followers,
        (SELECT count(*) FROM follower f WHERE f.follows AND EXISTS (SELECT FROM identity i WHERE {OWNS})) AS members,
        (SELECT count(*) FROM wechat_push WHERE done_at IS NULL) AS pushes_waiting,
        (SELECT count(*) FROM talk_window WHERE open_until > :now) AS windows_open""")
_ANSWERS = text("SELECT state, count(*) AS many FROM talk_message WHERE at > :since GROUP BY state")
_FAILURES = text(
    "SELECT id, app, state, code, tries, at FROM talk_message"
    " WHERE state IN ('dropped', 'unknown') AND at > :since ORDER BY at DESC, id DESC LIMIT 20"
)


def standing(session: Session, *, now: datetime) -> dict[str, Any]:
    """Who follows, what waits, and what became of the answers of the last seven days."""
    given = {"now": now, "since": now - SINCE}
    counted = {"due": 0, "sending": 0, "sent": 0, "dropped": 0, "unknown": 0}
    counted |= {row.state: row.many for row in fetch(session, _ANSWERS, given)}
    failures = [{**row._asdict(), "at": row.at.isoformat()} for row in fetch(session, _FAILURES, given)]
    return {**fetch(session, _STANDING, given)[0]._asdict(), "answers": counted, "last_failures": failures}
