"""The ledger of one-time consents: one yes to one kind of message is worth one message (wechat.md 2.3).

A yes is told twice: by the client, after `wx.requestSubscribeMessage`, and by WeChat's `subscribe_msg_popup_event`, in
either order and often by one of them only.  Words of the two that lie within `SAME` of each other are one yes.

    what happens                              what becomes of a yes
    a message is to be sent                   reserved (`message_id`), by one message only
    WeChat took the message                   used
    nobody heard whether it did               unheard, when it was not settled otherwise
    WeChat knows of no yes (43101)            refused, with all others of this person and kind
    the person switched the kind off          switched_off, with all others
    the message was not sent after all        free again
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import changed, fetch, first
from member.secrets import fingerprint

SAME = timedelta(minutes=10)
MOST = 30
"""Free ones of one person and kind; more are not kept, so that a client cannot fill the table."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(encode(:person, 'hex') || :kind, 7))")
_HEARD = text("""
    SELECT 1 FROM message_consent WHERE person = :person AND kind = :kind
    AND CASE WHEN :client THEN client_at ELSE event_at END = :at""")
_SAME = text("""
    UPDATE message_consent SET client_at = CASE WHEN :client THEN :at ELSE client_at END,
        event_at = CASE WHEN :client THEN event_at ELSE :at END
    WHERE id = (SELECT id FROM message_consent WHERE person = :person AND kind = :kind
        AND CASE WHEN :client THEN client_at ELSE event_at END IS NULL
        AND granted_at BETWEEN :since AND :until ORDER BY granted_at, id LIMIT 1)
    RETURNING id""")
_GRANT = text("""
    INSERT INTO message_consent (person, kind, granted_at, client_at, event_at, language)
    SELECT :person, :kind, :at, CASE WHEN :client THEN CAST(:at AS timestamptz) END,
        CASE WHEN NOT :client THEN CAST(:at AS timestamptz) END, :language
    WHERE (SELECT count(*) FROM message_consent WHERE person = :person AND kind = :kind AND ended_at IS NULL) < :most
    RETURNING id""")
_END = text("""
    UPDATE message_consent SET ended = :ended, ended_at = :now
    WHERE person = :person AND kind = :kind AND ended_at IS NULL AND granted_at <= :until""")
_FREE = text("""
    SELECT c.kind, count(*)::bigint AS free FROM message_consent c JOIN identity i ON i.fingerprint = c.person
    WHERE i.kind = 'openid' AND i.member_id = :member AND c.message_id IS NULL AND c.ended_at IS NULL GROUP BY 1""")


def person(openid: str) -> bytes:
    """How the ledger names a WeChat person."""
    return fingerprint("openid", openid)


def granted(
    session: Session, openid: str, kind: str, *, by_client: bool, at: datetime, language: str = "zh-CN"
) -> bool:
    """A person said yes to one message of a kind; False when it was known, or `MOST` are free already.

    :param by_client: the client said so, else WeChat's event, whose `CreateTime` is `at`: its repeat changes nothing.
        A repeat of the client is kept away by its request id.
    Concurrency: words about one person and kind wait for each other.
    """
    who = {"person": person(openid), "kind": kind}
    given: dict[str, Any] = {**who, "client": by_client, "at": at}
    fetch(session, _LOCK, who)
    if not by_client and first(session, _HEARD, given):
        return False
    if first(session, _SAME, {**given, "since": at - SAME, "until": at + SAME}):
        return False
    return first(session, _GRANT, {**given, "language": language, "most": MOST}) is not None


def switched_off(session: Session, openid: str, kind: str, *, at: datetime) -> int:
    """A person took a kind back in WeChat's settings at `at`: what was granted before is void; returns how many."""
    return end_all(session, person(openid), kind, "switched_off", until=at, now=at)


def end_all(session: Session, who: bytes, kind: str, ended: str, *, until: datetime, now: datetime) -> int:
    """End whatever a person granted of a kind up to a moment and has not been used; returns how many."""
    given = {"person": who, "kind": kind, "ended": ended, "until": until, "now": now}
    return changed(session, _END, given)


def free(session: Session, member_id: int) -> dict[str, int]:
    """How many messages of each kind a member may still be sent."""
    return {row.kind: row.free for row in fetch(session, _FREE, {"member": member_id})}


_RESERVE = text("""
    WITH mine AS (SELECT id FROM message_consent WHERE message_id = :message AND ended_at IS NULL),
    free AS (
        SELECT c.id FROM message_consent c JOIN identity i ON i.kind = 'openid' AND i.fingerprint = c.person
        WHERE i.member_id = :member AND c.kind = :kind AND c.message_id IS NULL AND c.ended_at IS NULL
            AND NOT EXISTS (SELECT FROM mine)
        ORDER BY c.granted_at, c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED),
    taken AS (UPDATE message_consent c SET message_id = :message FROM free
        WHERE c.id = free.id AND c.message_id IS NULL AND c.ended_at IS NULL RETURNING c.id)
    SELECT c.id, c.person, c.language, i.sealed, (SELECT count(*) FROM message_consent other
            WHERE other.person = c.person AND other.kind = c.kind AND other.message_id IS NULL
            AND other.ended_at IS NULL AND other.id <> c.id) AS others
    FROM message_consent c JOIN identity i ON i.kind = 'openid' AND i.fingerprint = c.person
    WHERE c.id IN (SELECT id FROM mine UNION ALL SELECT id FROM taken)""")
_FINISH = text("""
    UPDATE message_consent SET ended = CAST(:ended AS text), ended_at = CASE WHEN :ended IS NOT NULL THEN
        CAST(:now AS timestamptz) END, message_id = CASE WHEN :ended IS NULL THEN NULL ELSE message_id END
    WHERE message_id = :message AND ended_at IS NULL""")


def reserve(session: Session, message_id: int, member_id: int, kind: str) -> Any | None:
    """Keep one free yes for a message, or find the one it keeps; None when the member granted none that is free.

    The row has `person`, `sealed` (the openid), `language`, and `others`: how many more are free.  Of two messages
    that want the last one at once, one gets it: the row is taken by a guarded UPDATE under its lock.
    """
    return first(session, _RESERVE, {"message": message_id, "member": member_id, "kind": kind})


def finish(session: Session, message_id: int, ended: str | None, *, now: datetime) -> None:
    """Spend what a message keeps (`used`, `unheard`), or set it free (None)."""
    fetch(session, _FINISH, {"message": message_id, "ended": ended, "now": now})
