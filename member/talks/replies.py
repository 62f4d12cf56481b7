"""What we answer by itself: rules as data, found by occasion, words and priority."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound

OCCASIONS = ("text_exact", "text_contains", "default", "follow", "click", "location")
MOST_MESSAGES = 3
"""As many as a tap on the menu allows."""

_RULES = text(
    "SELECT id, occasion, words, messages FROM talk_reply WHERE app = :app AND active AND occasion = ANY(:occasions)"
    " ORDER BY array_position(CAST(:occasions AS text[]), occasion), priority DESC, id"
)
_LISTED = text(
    "SELECT id, app, name, occasion, words, priority, messages, active, changed_at, actor FROM talk_reply"
    " ORDER BY app DESC, occasion, priority DESC, id"
)
_NEW = text(
    "INSERT INTO talk_reply (app, name, occasion, words, priority, messages, active, changed_at, actor) VALUES"
    " (:app, :name, :occasion, CAST(:words AS jsonb), :priority, CAST(:messages AS jsonb), :active, :now, :actor)"
    " RETURNING id"
)
_CHANGE = text(
    "UPDATE talk_reply SET app = :app, name = :name, occasion = :occasion, words = CAST(:words AS jsonb),"
    " priority = :priority, messages = CAST(:messages AS jsonb), active = :active, changed_at = :now, actor = :actor"
    " WHERE id = :id RETURNING id"
)


def plain(words: str) -> str:
    """A text as it is compared: one width, one case, without spaces around or between."""
    return "".join(unicodedata.normalize("NFKC", words).casefold().split())


def to_text(session: Session, app: str, said: str) -> list[dict[str, Any]]:
    """The messages that answer a text: an exact rule before one that is contained, then the default; maybe none."""
    heard = plain(said)
    for row in fetch(session, _RULES, {"app": app, "occasions": ["text_exact", "text_contains", "default"]}):
        words = [plain(word) for word in row.words]
        exact = row.occasion == "text_exact" and heard in words
        inside = row.occasion == "text_contains" and any(word and word in heard for word in words)
        if exact or inside or row.occasion == "default":
            return list(row.messages)
    return []


def to_occasion(session: Session, app: str, occasion: str, key: str = "") -> list[dict[str, Any]]:
    """The messages that answer a follow, a place that was sent, or a tap on the menu's `key`; maybe none."""
    for row in fetch(session, _RULES, {"app": app, "occasions": [occasion]}):
        if occasion != "click" or key in row.words:
            return list(row.messages)
    return []


def listed(session: Session) -> list[dict[str, Any]]:
    """Every rule."""
    return [{**row._asdict(), "changed_at": row.changed_at.isoformat()} for row in fetch(session, _LISTED, {})]


def write(session: Session, rule: dict[str, Any], *, reply_id: int | None, actor: str, now: datetime) -> int:
    """Write a new rule, or change one; its id.

    :param rule: app, name, occasion, words, priority, messages, active, as the model has them.
    :raises NotFound: there is no such rule to change.
    """
    given = {**rule, "words": json.dumps(rule["words"], ensure_ascii=False), "actor": actor, "now": now}
    given |= {"messages": json.dumps(rule["messages"], ensure_ascii=False), "id": reply_id}
    row = first(session, _NEW if reply_id is None else _CHANGE, given)
    if row is None:
        raise NotFound(reply_id=reply_id)
    journal.record(session, "talk.reply_written", f"talk_reply:{row.id}", actor=actor, now=now, name=rule["name"])
    return int(row.id)
