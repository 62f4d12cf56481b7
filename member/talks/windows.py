"""How many customer-service messages we may still send somebody, and until when (wechat.md 2.3).

    what the person did                 messages   within        source
    wrote to either app                 5          48 h          Customer-service messages, 2023-06
    tapped the menu, followed, scanned  3          1 min         the same
    opened the mini-program's service   2          1 min         Mini-program customer service

The same thing again begins anew; it does not add up.  WeChat counts, too, and its count is believed: `close`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import changed, fetch, first


@dataclass(frozen=True, slots=True)
class Grant:
    """What one thing allows."""

    messages: int
    lasts: timedelta


MINUTE, TWO_DAYS = timedelta(minutes=1), timedelta(hours=48)
GRANTS = {
    ("service", "message"): Grant(5, TWO_DAYS),
    ("service", "click"): Grant(3, MINUTE),
    ("service", "subscribe"): Grant(3, MINUTE),
    ("service", "scan"): Grant(3, MINUTE),
    ("mini", "message"): Grant(5, TWO_DAYS),
    ("mini", "user_enter_tempsession"): Grant(2, MINUTE),
}

_ALLOW = text("""
    INSERT INTO talk_window (app, person, why, messages_left, open_until) VALUES (:app, :person, :why, :most, :until)
    ON CONFLICT (app, person, why) DO UPDATE SET messages_left = EXCLUDED.messages_left,
        open_until = EXCLUDED.open_until WHERE talk_window.open_until <= EXCLUDED.open_until""")
_TAKE = text("""
    WITH mine AS (SELECT why, messages_left, open_until FROM talk_window WHERE app = :app AND person = :person
                  ORDER BY why FOR NO KEY UPDATE)
    UPDATE talk_window w SET messages_left = w.messages_left - 1
    FROM (SELECT why FROM mine WHERE messages_left > 0 AND open_until > :now ORDER BY open_until, why LIMIT 1) m
    WHERE w.app = :app AND w.person = :person AND w.why = m.why RETURNING w.why""")
_CLOSE = text("DELETE FROM talk_window WHERE app = :app AND person = :person")
_FORGET = text("DELETE FROM talk_window WHERE open_until < :now")


def allow(session: Session, app: str, person: bytes, why: str, *, at: datetime) -> None:
    """Somebody did something at `at` that lets us write; anything else changes nothing."""
    if grant := GRANTS.get((app, why)):
        given = {"app": app, "person": person, "why": why, "most": grant.messages, "until": at + grant.lasts}
        fetch(session, _ALLOW, given)


def take(session: Session, app: str, person: bytes, *, now: datetime) -> bool:
    """Use up one message of the window that ends first; False when there is none.  Two at once take one each."""
    return first(session, _TAKE, {"app": app, "person": person, "now": now}) is not None


def close(session: Session, app: str, person: bytes) -> None:
    """WeChat says that we may not write, or the person left."""
    fetch(session, _CLOSE, {"app": app, "person": person})


def forget(session: Session, *, now: datetime) -> int:
    """Drop windows that ended; returns how many."""
    return changed(session, _FORGET, {"now": now})
