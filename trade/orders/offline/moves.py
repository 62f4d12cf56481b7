"""The only writer of tills' documents and of the chains they make."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, WrongState
from trade.orders.offline.document import NOTHING, Document
from trade.orders.offline.states import MOVES

_DEVICE = text("""
    INSERT INTO till_device AS d (store_id, device_id, till_id, last_seq, last_hash, skew_ms, seen_at)
    VALUES (:store, :device, :till, 0, :nothing, :skew, :now)
    ON CONFLICT (store_id, device_id) DO UPDATE SET seen_at = excluded.seen_at, skew_ms = excluded.skew_ms,
        till_id = excluded.till_id
    RETURNING last_seq, last_hash""")
_LINK = text(
    "UPDATE till_device SET last_seq = :seq, last_hash = :hash WHERE store_id = :store AND device_id = :device"
    " AND last_seq < :seq"
)
_KEEP = text("""
    INSERT INTO till_document (store_id, uuid, device_id, seq, till_id, kind, no, state, reason, body, hash,
        payable_fen, not_cash_fen, shift_uuid, sold_at, received_at)
    VALUES (:store, :uuid, :device, :seq, :till, :kind, :no, 'received', '', :body, :hash, :payable, :not_cash,
        coalesce(CAST(:shift_uuid AS text), (SELECT uuid FROM shift WHERE store_id = :store AND id = :shift)),
        :sold_at, :now)
    ON CONFLICT DO NOTHING RETURNING uuid""")
_BIND = text("UPDATE till_document SET member_id = :member WHERE store_id = :store AND uuid = :uuid")
_ONE = text("SELECT * FROM till_document WHERE store_id = :store AND uuid = :uuid")
_MOVE = text("""
    UPDATE till_document SET state = :target, order_id = coalesce(CAST(:order AS bigint), order_id), reason = :reason,
        differences = coalesce(CAST(:differences AS jsonb), differences)
    WHERE store_id = :store AND uuid = :uuid AND state = ANY(:sources) RETURNING *""")
# Only a document right after the last whole one makes the chain whole for longer: to the end of its island.
_WHOLE = text("""
    UPDATE till_device d SET whole_seq = (
        SELECT min(seq) FROM (
            SELECT t.seq, lead(t.seq) OVER (ORDER BY t.seq) AS next FROM till_document t
            WHERE t.store_id = d.store_id AND t.device_id = d.device_id AND t.seq > d.whole_seq) AS after
        WHERE next IS DISTINCT FROM seq + 1)
    WHERE d.store_id = :store AND d.device_id = :device AND d.whole_seq = :seq - 1""")
_GAPS = text("""
    SELECT array_agg(n ORDER BY n) AS missing FROM till_device d
    CROSS JOIN generate_series(d.whole_seq + 1, greatest(d.last_seq, least(:seq, d.last_seq + 10000))) AS n
    WHERE d.store_id = :store AND d.device_id = :device AND NOT EXISTS (SELECT FROM till_document t
        WHERE t.store_id = d.store_id AND t.device_id = d.device_id AND t.seq = n)""")


def device(session: Session, store_id: int, till_id: int, device_id: str, skew_ms: int, *, now: datetime) -> Any:
    """The chain of a device so far (`last_seq`, `last_hash`), begun when it is new; its row is locked.

    Two deliveries of one device at once follow each other from here.
    """
    given = {"store": store_id, "till": till_id, "device": device_id, "skew": skew_ms, "now": now}
    return fetch(session, _DEVICE, given | {"nothing": bytes.fromhex(NOTHING)})[0]


def link(session: Session, store_id: int, document: Document) -> None:
    """The chain is now as long as this document; a late one in the middle makes it no longer, but perhaps whole."""
    head = document.head
    given = {"store": store_id, "device": head.device, "seq": head.seq, "hash": document.hash}
    session.execute(_LINK, given)
    session.execute(_WHOLE, given)


def keep(session: Session, store_id: int, till_id: int, document: Document, *, now: datetime) -> bool:
    """Keep a document; False when one of its id, its place in the chain or its number is kept already."""
    head, said = document.head, document.said
    row = {
        "shift_uuid": said and said.shift_uuid, "shift": said and said.shift_id,
        "store": store_id, "till": till_id, "uuid": head.uuid, "device": head.device, "seq": head.seq, "no": head.no,
        "kind": head.kind, "body": document.text, "hash": document.hash,
        "payable": head.payable_fen + head.rounding_fen, "not_cash": said.not_cash_fen if said else 0,
        "sold_at": document.sold_at(now), "now": now,
    }  # fmt: skip
    return first(session, _KEEP, row) is not None


def bind(session: Session, store_id: int, uuid: str, member_id: int) -> None:
    """Whose phone came beside a document."""
    session.execute(_BIND, {"store": store_id, "uuid": uuid, "member": member_id})


def one(session: Session, store_id: int, uuid: str) -> Any | None:
    """The row of a document."""
    return first(session, _ONE, {"store": store_id, "uuid": uuid})


def move(
    session: Session,
    store_id: int,
    uuid: str,
    event: str,
    *,
    order_id: int | None = None,
    reason: str = "",
    differences: Sequence[dict[str, Any]] | None = None,
    actor: str,
    now: datetime,
) -> Any:
    """One step of a document's life; returns its row.

    :raises NotFound: there is none.
    :raises WrongState: it does not stand where this step begins.
    """
    sources, target, fact = MOVES[event]
    given = {"store": store_id, "uuid": uuid, "target": target, "sources": sorted(sources), "order": order_id}
    said = None if differences is None else json.dumps(differences)
    moved = first(session, _MOVE, given | {"reason": reason, "differences": said})
    if moved is None:
        found = one(session, store_id, uuid)
        if found is None:
            raise NotFound(uuid=uuid)
        raise WrongState(uuid=uuid, state=found.state, event=event)
    data = {"store_id": store_id, "order_id": moved.order_id, "reason": reason, "till_id": moved.till_id}
    journal.record(session, fact, f"till_document:{uuid}", actor=actor, now=now, **data)
    return moved


def missing(session: Session, store_id: int, device_id: str, seq: int) -> list[int]:
    """The numbers that are missing in a device's chain, which goes at least up to `seq`."""
    return list(fetch(session, _GAPS, {"store": store_id, "device": device_id, "seq": seq})[0].missing or ())
