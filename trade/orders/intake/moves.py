"""The only writer of what other channels sent.

Every change empties the row's `version`: its place in the channel's feed is given when the feed is read (`feed.py`), so
nobody waits for a counter.  Locks are taken in one order: rows here by external number, then our order and its stock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, WrongState
from trade.orders.intake.documents import Document
from trade.orders.intake.states import MOVES, State

_RECEIVE = text("""
    WITH told AS (
        SELECT * FROM jsonb_to_recordset(CAST(:documents AS jsonb)) AS d(external_no text, revision bigint,
            print text, raw jsonb, sealed text, money_fen bigint)),
    kept AS (
        INSERT INTO intake_document (channel_id, external_no, revision, print, raw, receiver_sealed, at)
        SELECT :channel, external_no, revision, decode(print, 'hex'), raw, decode(sealed, 'hex'), :now FROM told
        ORDER BY external_no, revision ON CONFLICT DO NOTHING RETURNING external_no, revision),
    newest AS (
        SELECT DISTINCT ON (external_no) told.* FROM told JOIN kept USING (external_no, revision)
        ORDER BY external_no, revision DESC),
    heads AS (
        INSERT INTO intake_order AS h (channel_id, external_no, state, revision, money_fen, received_at)
        SELECT :channel, external_no, 'received', revision, money_fen, :now FROM newest ORDER BY external_no
        ON CONFLICT (channel_id, external_no) DO UPDATE SET
            state = CASE WHEN excluded.revision > h.revision AND h.state IN ('quarantined', 'rejected')
                THEN 'received' ELSE h.state END,
            next_try_at = CASE WHEN excluded.revision > h.revision THEN NULL ELSE h.next_try_at END,
            money_fen = CASE WHEN excluded.revision > h.revision AND h.order_id IS NULL
                THEN excluded.money_fen ELSE h.money_fen END,
            revision = greatest(h.revision, excluded.revision), version = NULL)
    SELECT external_no, revision FROM kept""")


def receive(session: Session, channel_id: int, documents: Sequence[Document], *, now: datetime) -> set[tuple[str, int]]:
    """Keep documents, each (external number, revision) once; returns those that are new.

    The newest revision counts, in whatever order they come.  One statement whatever their number; rows are written in
    the order of their external numbers, so that two who bring the same ones at once wait for each other.
    """
    rows = [
        {
            "external_no": one.external_no,
            "revision": one.revision,
            "print": one.print().hex(),
            "raw": one.raw,
            "sealed": one.sealed().hex(),
            "money_fen": one.paid_fen,
        }
        for one in documents
    ]
    given = {"channel": channel_id, "now": now, "documents": json.dumps(rows, ensure_ascii=False)}
    return {(row.external_no, row.revision) for row in fetch(session, _RECEIVE, given)}


_MOVE = text("""
    WITH moved AS (
        UPDATE intake_order SET state = :target, reason = :reason, facts = CAST(:facts AS jsonb),
            store_id = coalesce(CAST(:store AS bigint), store_id),
            order_id = coalesce(CAST(:order AS bigint), order_id),
            applied_revision = coalesce(CAST(:revision AS bigint), applied_revision), next_try_at = NULL,
            tries = tries + CASE WHEN :target = 'quarantined' THEN 1 ELSE 0 END,
            settled_at = CASE WHEN :target = 'received' THEN NULL ELSE CAST(:now AS timestamptz) END,
            version = NULL
        WHERE channel_id = :channel AND external_no = :no AND state = ANY(:sources) RETURNING *),
    told AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT :fact, 'intake:' || channel_id || ':' || external_no, :actor, :now, jsonb_build_object('channel_id',
            channel_id, 'external_no', external_no, 'store_id', store_id, 'order_id', order_id, 'reason', reason), 0
        FROM moved)
    SELECT state FROM moved""")
_STATE = text("SELECT state FROM intake_order WHERE channel_id = :channel AND external_no = :no")


def move(
    session: Session,
    channel_id: int,
    external_no: str,
    event: str,
    *,
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
    key: tuple[int, int] | None = None,
    revision: int | None = None,
    actor: str,
    now: datetime,
) -> State:
    """Fire one event; returns the new state.  The guard is in the UPDATE.

    :param key: store and id of the order it became.
    :raises WrongState: it is not where MOVES says it must be.  :raises NotFound: the channel sent no such order.
    """
    sources, target, fact = MOVES[event]
    given = {"channel": channel_id, "no": external_no, "target": target, "sources": sorted(sources), "fact": fact}
    given |= {"reason": reason, "facts": json.dumps(facts or {}, ensure_ascii=False), "revision": revision}
    given |= {"store": key[0] if key else None, "order": key[1] if key else None, "actor": actor, "now": now}
    if first(session, _MOVE, given) is None:
        found = first(session, _STATE, given)
        if found is None:
            raise NotFound(external_no=external_no)
        raise WrongState(external_no=external_no, state=found.state, event=event)
    return target


_BURY = text("""
    INSERT INTO intake_order (channel_id, external_no, state, revision, money_fen, received_at, settled_at,
        cancel_asked_at, cancel_reason)
    VALUES (:channel, :no, 'tombstone', 0, 0, :now, :now, :now, :reason)
    ON CONFLICT DO NOTHING RETURNING external_no""")


def bury(session: Session, channel_id: int, external_no: str, reason: str, *, actor: str, now: datetime) -> bool:
    """Note a cancel of an order that has not come: it never will be placed.  False when it has come."""
    if first(session, _BURY, {"channel": channel_id, "no": external_no, "reason": reason, "now": now}) is None:
        return False
    told = {"channel_id": channel_id, "external_no": external_no}
    journal.record(session, "intake.buried", f"intake:{channel_id}:{external_no}", actor=actor, now=now, **told)
    return True


BROUGHT = "intake.brought"
"""The journal's fact that wakes whoever takes orders in."""


def wake(session: Session, channel_id: int, *, actor: str, now: datetime, **data: Any) -> None:
    """Something of a channel is due: whoever takes orders in looks at once."""
    told = {"channel_id": channel_id, **data}
    journal.record(session, BROUGHT, f"channel:{channel_id}", actor=actor, now=now, **told)


_NOTE = text("""
    UPDATE intake_order SET version = NULL,
        applied_revision = coalesce(CAST(:revision AS bigint), applied_revision),
        reason = coalesce(CAST(:reason AS text), reason), tries = tries + CASE WHEN :failed THEN 1 ELSE 0 END,
        next_try_at = CAST(:again_at AS timestamptz),
        cancel_asked_at = coalesce(cancel_asked_at, CAST(:asked_at AS timestamptz)),
        cancel_reason = coalesce(CAST(:cancel_reason AS text), cancel_reason),
        cancel_refused_at = coalesce(CAST(:refused_at AS timestamptz), cancel_refused_at)
    WHERE channel_id = :channel AND external_no = :no""")


def note(session: Session, channel_id: int, external_no: str, **change: Any) -> None:
    """Change what is beside the state: `revision` that is applied, `reason`, `again_at` after a try that `failed`,
    `asked_at` and `cancel_reason` of a cancel, `refused_at` when it came too late.
    """
    blank = dict.fromkeys(("revision", "reason", "again_at", "asked_at", "cancel_reason", "refused_at"))
    assert change.keys() <= blank.keys() | {"failed"}, change
    fetch(session, _NOTE, {**blank, "failed": False, **change, "channel": channel_id, "no": external_no})
