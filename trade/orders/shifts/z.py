"""The Z of a shift: a text that is hashed and never changed, numbered without gaps in its store (3.8).

Each names the hash of the one before, so that none can be taken out or changed unseen; `sales_hash` is over the sales
it contains.  What is booked to the shift later is an amendment: the same restated, n after n, each naming the last.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound
from trade.orders.held import read as held
from trade.orders.shifts.figures import SINCE, voiders
from trade.stores.approvals import read as approvals

NOTHING = bytes(32)

_NEXT = text("""
    INSERT INTO z_chain AS c (store_id, last_no, last_hash) VALUES (:store, 1, :nothing)
    ON CONFLICT (store_id) DO UPDATE SET last_no = c.last_no + 1 RETURNING last_no, last_hash""")
_END = text("UPDATE z_chain SET last_hash = :hash WHERE store_id = :store")
_WRITE = text("""
    INSERT INTO shift_z (store_id, z_no, amended, shift_id, body, hash, at)
    VALUES (:store, :no, :amended, :shift, :body, :hash, :now)""")
_LAST = text("""
    SELECT z_no, amended, hash, body FROM shift_z WHERE store_id = :store AND shift_id = :shift
    ORDER BY amended DESC LIMIT 1""")
_HEAD = text("""
    SELECT s.id AS shift_id, s.uuid, store.name AS store_name, till.name AS till_name, drawer.name AS drawer_name,
           opener.name AS opened_by, at_staff.name AS at_staff, s.opened_at, s.counted_at, s.settled_at, s.float_fen,
           s.proposed_fen, s.counted_fen, s.taken_fen, s.counted_fen - s.taken_fen AS left_fen, approver.name
           AS approved_by, s.reason,
           (SELECT jsonb_agg(jsonb_build_object('no', c.no, 'fen', c.fen, 'pieces', c.pieces, 'by', staff.name)
                             ORDER BY c.no)
            FROM shift_count c JOIN staff ON staff.id = c.staff_id
            WHERE c.store_id = s.store_id AND c.shift_id = s.id) AS counts
    FROM shift s JOIN store ON store.id = s.store_id
    JOIN till ON till.store_id = s.store_id AND till.id = s.till_id
    JOIN drawer ON drawer.store_id = s.store_id AND drawer.id = s.drawer_id
    JOIN staff opener ON opener.id = s.staff_id JOIN staff at_staff ON at_staff.id = s.at_staff_id
    LEFT JOIN staff approver ON approver.id = s.approver_id
    WHERE s.store_id = :store AND s.id = :shift""")


def issue(
    session: Session, store_id: int, shift_id: int, figures: dict[str, Any], *, missing: int, now: datetime
) -> int:
    """Write the next Z of a store; returns its number.  One follows the other, and a rollback leaves no gap."""
    end = fetch(session, _NEXT, {"store": store_id, "nothing": NOTHING})[0]
    written = _write(session, store_id, shift_id, end.last_no, 0, bytes(end.last_hash), figures, missing, "", now)
    session.execute(_END, {"store": store_id, "hash": written})
    return int(end.last_no)


def amend(
    session: Session,
    store_id: int,
    shift_id: int,
    figures: dict[str, Any],
    what: str,
    *,
    missing: int,
    actor: str,
    now: datetime,
) -> None:
    """Restate the Z of a settled shift that the caller holds locked, where `what` changed its figures."""
    last = first(session, _LAST, {"store": store_id, "shift": shift_id})
    assert last is not None, shift_id
    if figures.items() <= (SINCE | json.loads(last.body)).items():
        return
    no, amended = last.z_no, last.amended + 1
    _write(session, store_id, shift_id, no, amended, bytes(last.hash), figures, missing, what, now)
    facts = {"store_id": store_id, "z_no": no, "amended": amended, "for": what}
    journal.record(session, "shift.z_amended", f"shift:{shift_id}", actor=actor, now=now, **facts)


def _write(
    session: Session,
    store_id: int,
    shift_id: int,
    no: int,
    amended: int,
    prev: bytes,
    figures: dict[str, Any],
    missing: int,
    what: str,
    now: datetime,
) -> bytes:
    head = dict(fetch(session, _HEAD, {"store": store_id, "shift": shift_id})[0]._asdict())
    for name in ("opened_at", "counted_at", "settled_at"):
        head[name] = head[name].isoformat()
    off = head["counted_fen"] - figures["expected_fen"] - figures["unbooked_fen"]
    place = {"v": 1, "z_no": no, "amended": amended, "for": what, "at": now.isoformat(), "prev": prev.hex()}
    aside = held.held_of(session, store_id, now=now)
    handed = [{name: one[name] for name in ("id", "note", "names", "payable_fen")} for one in aside]
    words = approvals.given_alone(session, store_id, shift_id)
    said = {**place, **head, **figures, "held": handed, "words": words, "missing": missing, "difference_fen": off}
    said["voiders"] = voiders(session, figures)
    body = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(body.encode()).digest()
    key = {"store": store_id, "no": no, "amended": amended, "shift": shift_id}
    session.execute(_WRITE, {**key, "body": body, "hash": digest, "now": now})
    return digest


_READ = text("""
    SELECT body, hash FROM shift_z WHERE store_id = :store AND shift_id = :shift ORDER BY amended""")


def read(session: Session, store_id: int, shift_id: int) -> list[dict[str, Any]]:
    """The Z of a shift and its amendments, as they were written, with their hashes.  Raises NotFound."""
    found = fetch(session, _READ, {"store": store_id, "shift": shift_id})
    if not found:
        raise NotFound(shift_id=shift_id)
    return [json.loads(row.body) | {"hash": bytes(row.hash).hex()} for row in found]
