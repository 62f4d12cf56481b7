"""What WeChat pushed: taken in once, with its fact in the journal, and opened by the worker (wechat.md 2.3)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, fetch, first
from config.wechat.callback import Push
from member.secrets import open_sealed, seal

KEPT = timedelta(days=7)
"""WeChat repeats a push for twenty seconds; a replay is refused after five minutes anyway."""

ACTOR = "wechat"

_PUT = text(
    "INSERT INTO wechat_push (app, key, kind, sealed, received_at) VALUES (:app, :key, :kind, :sealed, :now)"
    " ON CONFLICT (key) DO NOTHING RETURNING id"
)
_ONE = text("SELECT app, key, sealed FROM wechat_push WHERE id = :id AND done_at IS NULL")
_DONE = text("UPDATE wechat_push SET done_at = :now, sealed = NULL WHERE id = :id")
_FORGET = text("DELETE FROM wechat_push WHERE done_at IS NOT NULL AND received_at < :before")


def take_in(session: Session, push: Push, *, now: datetime) -> bool:
    """Keep a push and its fact; False when it was taken in before.  Of two that come at once one is kept."""
    said = {"openid": push.openid, "kind": push.kind, "event": push.event, "created": push.created, "said": push.said}
    plain = json.dumps(said, ensure_ascii=False).encode()
    given = {"app": push.app, "key": push.key, "kind": push.event or push.kind, "sealed": seal(plain), "now": now}
    made = first(session, _PUT, given)
    if made is None:
        return False
    journal.record(session, "wechat.pushed", f"push:{made.id}", actor=ACTOR, now=now, push_id=made.id, app=push.app)
    return True


def opened(session: Session, push_id: int) -> Push | None:
    """A push whose effect is not done yet."""
    row = first(session, _ONE, {"id": push_id})
    if row is None:
        return None
    said = json.loads(open_sealed(bytes(row.sealed)))
    return Push(app=row.app, key=bytes(row.key), **said)


def done(session: Session, push_id: int, *, now: datetime) -> None:
    """Its effect is done: what it said is dropped."""
    fetch(session, _DONE, {"id": push_id, "now": now})


def forget(session: Session, *, now: datetime) -> int:
    """Drop what is done and old; returns how many."""
    return changed(session, _FORGET, {"before": now - KEPT})
