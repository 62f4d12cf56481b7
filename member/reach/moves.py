"""Messages from the fact to what became of them: asked for, claimed, settled.  The only writer of their states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import changed, fetch, first
from member.reach import consents
from member.reach.kinds import KINDS
from member.reach.states import MOVES

LEASE = timedelta(minutes=2)
"""So long a worker may take over one message; then another takes it up."""

WAIT_S = (30, 60, 300, 900, 1800, 3600)
"""Between tries that WeChat did not answer, or answered with "busy"."""

_ASK = text("""
    WITH made AS (
        INSERT INTO message (member_id, kind, event, subject, version, store_id, data, sends, asked_at, next_at,
            until_at)
        VALUES (:member, :kind, :event, :subject, :version, :store, CAST(:data AS jsonb), :sends, :now, :now, :until)
        ON CONFLICT (subject, event, version) DO NOTHING RETURNING id),
    told AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT 'message.asked', :about, :actor, :now, jsonb_build_object('message_id', id, 'subject',
            CAST(:subject AS text), 'event', CAST(:event AS text), 'version', CAST(:version AS bigint)), 0 FROM made)
    SELECT id FROM made""")


def ask(
    session: Session,
    member_id: int,
    kind: str,
    subject: str,
    *,
    event: str | None = None,
    version: int = 1,
    sends: int = 1,
    store_id: int | None = None,
    about: str | None = None,
    data: Mapping[str, Any] | None = None,
    actor: str,
    now: datetime,
) -> int | None:
    """A member is to be told something; None when it was asked for before.  Call it in the transaction of the fact.

    The fact `message.asked` wakes who sends it; nothing about sending can undo what happened.

    :param kind: one of `KINDS`.  :param event: what happened, where one kind tells of several things.
    :param subject: what it is about (`parcel:7:12`); with event and version the key under which it is said once.
    :param about: the journal's subject (`order:12`), else the member.
    """
    given = {
        "member": member_id,
        "kind": kind,
        "event": event or kind,
        "subject": subject,
        "version": version,
        "sends": sends,
        "store": store_id,
        "about": about or f"member:{member_id}",
        "data": json.dumps({**(data or {}), **({"about": about} if about else {})}, ensure_ascii=False, default=str),
        "until": now + KINDS[kind].good_for,
        "actor": actor,
        "now": now,
    }
    made = first(session, _ASK, given)
    return int(made.id) if made else None


_CLAIM = text("""
    WITH due AS (SELECT id FROM message WHERE state = 'queued' AND next_at <= :now
        ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE message m SET tries = m.tries + 1, next_at = :lease, called_at = NULL,
        unheard = m.unheard OR m.called_at IS NOT NULL
    FROM due WHERE m.id = due.id
    RETURNING m.*,
        (SELECT coalesce(who.merged_into_id, who.id) FROM member who WHERE who.id = m.member_id) AS to_member""")
_CALLING = text("UPDATE message SET called_at = :now, way = :way WHERE id = :id AND state = 'queued' RETURNING id")
_AGAIN = text("""
    UPDATE message SET next_at = :at, called_at = NULL, code = :code, unheard = unheard OR :unheard
    WHERE id = :id AND state = 'queued'""")
_MOVE = text("""
    WITH moved AS (
        UPDATE message SET state = :target, settled_at = :now, called_at = NULL,
            way = CASE WHEN :target = 'not_authorised' THEN '' ELSE way END,
            code = CASE WHEN :code = '' THEN code ELSE :code END,
            number = CASE WHEN :number = '' THEN number ELSE :number END
        WHERE id = :id AND state = ANY(:sources)
        RETURNING id, coalesce(data ->> 'about', 'member:' || member_id) AS about, subject, event, version, way, code),
    told AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT 'message.' || CAST(:target AS text), about, :actor, :now, jsonb_build_object(
            'message_id', id, 'subject', subject, 'event', event, 'version', version, 'way', way, 'code', code), 0
        FROM moved)
    SELECT id FROM moved""")


def claim(session: Session, *, now: datetime) -> Any | None:
    """Take the message that is due longest for `LEASE`; None when none is due.

    Two workers never take the same one (SKIP LOCKED).  One whose worker died while it asked WeChat comes back as
    `unheard`.  `to_member` is who is told now: whoever the member was merged into.
    """
    return first(session, _CLAIM, {"now": now, "lease": now + LEASE})


def calling(session: Session, message_id: int, way: str, *, now: datetime) -> bool:
    """WeChat is about to be asked; False when the message was settled meanwhile."""
    return first(session, _CALLING, {"id": message_id, "way": way, "now": now}) is not None


def again(
    session: Session, message: Any, code: str, *, unheard: bool = False, at: datetime | None = None, now: datetime
) -> None:
    """Try it later: at `at`, else after the next of `WAIT_S`; after its time it is given up.

    :param unheard: nobody knows whether this try arrived.
    """
    at = at or now + timedelta(seconds=WAIT_S[min(message.tries - 1, len(WAIT_S) - 1)])
    if at >= message.until_at:
        move(session, message.id, "give_up", code=code, actor="wechat", now=now)
    else:
        fetch(session, _AGAIN, {"id": message.id, "at": at, "code": code, "unheard": unheard})


def move(
    session: Session, message_id: int, event: str, *, code: str = "", number: str = "", actor: str, now: datetime
) -> bool:
    """Settle a message and the consent that it keeps; False when it is settled otherwise already.

    A consent is spent on success alone; it stays spent (`unheard`) where nobody knows, and is free again after every
    other end.  The guard is in the UPDATE.
    """
    sources, target = MOVES[event]
    given = {"id": message_id, "target": target, "sources": sorted(sources), "code": code, "number": number}
    if first(session, _MOVE, {**given, "actor": actor, "now": now}) is None:
        return False
    lost = first(session, _LOST, {"id": message_id}) is not None
    consents.finish(session, message_id, "used" if target == "sent" else "unheard" if lost else None, now=now)
    return True


_LOST = text("SELECT 1 FROM message WHERE id = :id AND unheard")
_BY_NUMBER = text("SELECT id FROM message WHERE number = :number AND way = 'subscribe'")
_UNNUMBERED = text("""
    SELECT m.id FROM message m JOIN message_consent c ON c.message_id = m.id
    WHERE c.person = :person AND c.kind = :kind AND m.way = 'subscribe' AND m.state = 'sent' AND m.number = ''
    ORDER BY m.settled_at DESC LIMIT 1""")
_FORGET = text("""
    WITH old AS (SELECT id FROM message WHERE state <> 'queued' AND settled_at < :before LIMIT :most),
    spent AS (DELETE FROM message_consent c USING old WHERE c.message_id = old.id)
    DELETE FROM message m USING old WHERE m.id = old.id""")
_IN_DOUBT = text("""
    SELECT m.id FROM message m JOIN message_consent c ON c.message_id = m.id
    WHERE c.person = :person AND c.kind = :kind AND m.way = 'subscribe' AND m.state IN ('failed', 'queued')
        AND (m.unheard OR m.called_at IS NOT NULL) ORDER BY m.id DESC LIMIT 1""")


def sent_result(
    session: Session, openid: str, kind: str, number: str, *, arrived: bool, code: str = "", now: datetime
) -> bool:
    """WeChat tells what became of a subscribe message (`subscribe_msg_sent_event`); False when nothing changes.

    It settles what nobody had heard the answer of, and tells the desk of what WeChat took and did not deliver.
    """
    found = first(session, _BY_NUMBER, {"number": number}) if number else None
    if found is None:  # the answer was lost, or said no number
        which = _IN_DOUBT if arrived else _UNNUMBERED
        found = first(session, which, {"person": consents.person(openid), "kind": kind})
    if found is None:
        return False
    event = "arrive" if arrived else "bounce"
    return move(session, found.id, event, code=code, number=number, actor="wechat", now=now)


def forget(session: Session, *, before: datetime, most: int = 5000) -> int:
    """Drop messages settled before a moment, with the consents they spent; returns how many."""
    return changed(session, _FORGET, {"before": before, "most": most})
