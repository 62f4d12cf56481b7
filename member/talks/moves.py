"""The only writer of the states of answers and menus.

answer   due -> sending -> sent | dropped | unknown;  sending -> due, when WeChat surely did not take it
menu     draft -> approved -> published | failed
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, first
from config.errors import WrongState
from member.secrets import open_sealed, seal
from member.talks import windows

TRIES, STUCK, KEPT = 5, timedelta(minutes=1), timedelta(days=90)
ACTOR = "wechat"

_INTEND = text("""
    INSERT INTO talk_message (push_id, no, app, person, sealed, state, tries, code, at)
    VALUES (:push, :no, :app, :person, :sealed, 'due', 0, '', :now)
    ON CONFLICT (push_id, no) DO NOTHING RETURNING id""")
_NEXT = text(
    "SELECT id, app, person, sealed, state, tries, at FROM talk_message"
    " WHERE push_id = :push AND state IN ('due', 'sending') ORDER BY no LIMIT 1 FOR NO KEY UPDATE"
)
_OPEN = text("SELECT 1 FROM talk_message WHERE push_id = :push AND state IN ('due', 'sending') LIMIT 1")
_BEGIN = text(
    "UPDATE talk_message SET state = 'sending', tries = tries + 1, at = :now"
    " WHERE id = :id AND state = 'due' RETURNING tries"
)
_AGAIN = text("UPDATE talk_message SET state = 'due', code = :code, at = :now WHERE id = :id AND state = 'sending'")
_END = text(
    "UPDATE talk_message SET state = :state, code = :code, at = :now, sealed = NULL"
    " WHERE id = :id AND state IN ('due', 'sending') RETURNING id"
)
_FORGET = text("DELETE FROM talk_message WHERE state NOT IN ('due', 'sending') AND at < :before")


@dataclass(frozen=True, slots=True)
class Message:
    """One answer on its way."""

    id: int
    app: str
    person: bytes
    openid: str
    body: dict[str, Any]
    tries: int


def intend(
    session: Session, push_id: int, app: str, person: bytes, openid: str, bodies: Sequence[dict[str, Any]], *,
    now: datetime,
) -> int:  # fmt: skip
    """Owe somebody the answers to one push; returns how many are new.  A repeat owes nothing more."""
    made = 0
    for no, body in enumerate(bodies):
        plain = json.dumps({"openid": openid, "body": body}, ensure_ascii=False).encode()
        given = {"push": push_id, "no": no, "app": app, "person": person, "sealed": seal(plain), "now": now}
        made += first(session, _INTEND, given) is not None
    if made:
        journal.record(session, "talk.owed", f"push:{push_id}", actor=ACTOR, now=now, push_id=push_id, messages=made)
    return made


def begin(session: Session, push_id: int, *, now: datetime) -> Message | None:
    """Take the next answer to a push in hand; None when nothing is left to do, or somebody has it in hand.

    One without an open window is dropped, one whose sender died is left unknown, and the next one is taken.  The row is
    locked before the window: whoever comes second sees what the first one did.
    """
    while (row := first(session, _NEXT, {"push": push_id})) is not None:
        if row.state == "sending":
            if row.at > now - STUCK:
                return None
            end(session, row.id, "unknown", code="sender_died", now=now)
        elif not windows.take(session, row.app, bytes(row.person), now=now):
            end(session, row.id, "dropped", code="no_window", now=now)
        else:
            begun = first(session, _BEGIN, {"id": row.id, "now": now})
            assert begun is not None, "the row is locked"
            said = json.loads(open_sealed(bytes(row.sealed)))
            return Message(row.id, row.app, bytes(row.person), said["openid"], said["body"], begun.tries)
    return None


def left_open(session: Session, push_id: int) -> bool:
    """Whether an answer to a push is still on its way."""
    return first(session, _OPEN, {"push": push_id}) is not None


def again(session: Session, message: Message, *, code: str, now: datetime) -> bool:
    """WeChat surely did not take it: try later, or give up after TRIES; False when given up."""
    if message.tries >= TRIES:
        end(session, message.id, "dropped", code=code, now=now)
        return False
    changed(session, _AGAIN, {"id": message.id, "code": code, "now": now})
    return True


def end(session: Session, message_id: int, state: str, *, code: str = "", now: datetime) -> None:
    """An answer was `sent`, `dropped` or is `unknown`; a second end changes nothing."""
    assert state in ("sent", "dropped", "unknown"), state
    if first(session, _END, {"id": message_id, "state": state, "code": code, "now": now}) and state != "sent":
        subject = f"talk_message:{message_id}"
        journal.record(session, f"talk.{state}", subject, actor=ACTOR, now=now, code=code)


def forget(session: Session, *, now: datetime) -> int:
    """Drop what was settled long ago; returns how many."""
    return changed(session, _FORGET, {"before": now - KEPT})


_APPROVE = text(
    "UPDATE talk_menu SET state = 'approved', approver = :actor WHERE id = :id AND state = 'draft'"
    " AND id = (SELECT max(id) FROM talk_menu) RETURNING id"
)
_TRIED = text("UPDATE talk_menu SET tries = tries + 1, code = :code WHERE id = :id AND state = 'approved'")
_PUBLISHED = text(
    "UPDATE talk_menu SET state = CASE WHEN CAST(:code AS text) = '' THEN 'published' ELSE 'failed' END, code = :code,"
    " published_at = :now WHERE id = :id AND state = 'approved' RETURNING id"
)


def approve_menu(session: Session, menu_id: int, *, actor: str, now: datetime) -> None:
    """Let the newest draft be published; WrongState when it is not the newest, or no draft any more."""
    if first(session, _APPROVE, {"id": menu_id, "actor": actor}) is None:
        raise WrongState(menu_id=menu_id, state="not the newest draft", event="approve")
    journal.record(session, "talk.menu_approved", f"talk_menu:{menu_id}", actor=actor, now=now, menu_id=menu_id)


def menu_tried(session: Session, menu_id: int, code: str) -> None:
    """Publishing failed for now."""
    changed(session, _TRIED, {"id": menu_id, "code": code})


def menu_ended(session: Session, menu_id: int, code: str, *, now: datetime) -> None:
    """The menu is published, or with a `code` WeChat refused it; a repeat changes nothing."""
    if first(session, _PUBLISHED, {"id": menu_id, "code": code, "now": now}):
        fact = "talk.menu_failed" if code else "talk.menu_published"
        journal.record(session, fact, f"talk_menu:{menu_id}", actor=ACTOR, now=now, code=code)
