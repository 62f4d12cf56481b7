"""Codes that were scanned at a till and that nobody sells: reported to the head office, which settles them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import Malformed, NotFound

PAGE = 200
_PAYS = re.compile(r"1[0-5]\d{16}|(2[5-9]|30)\d{14,22}|62\d{17}")

_REPORT = text("""
    INSERT INTO unknown_code AS u (store_id, code, note, times, first_at, last_at)
    VALUES (:store, :code, :note, 1, :now, :now)
    ON CONFLICT (store_id, code) DO UPDATE SET times = u.times + 1, last_at = :now,
        note = CASE WHEN :note = '' THEN u.note ELSE :note END, settled_at = NULL, settled_note = ''
    RETURNING times""")
_OPEN = text("""
    SELECT u.store_id, store.name AS store_name, u.code, u.note, u.times, u.first_at, u.last_at,
        (SELECT min(sku_id) FROM barcode WHERE barcode.code = u.code) AS sku_id
    FROM unknown_code u JOIN store ON store.id = u.store_id
    WHERE u.settled_at IS NULL ORDER BY u.last_at DESC, u.store_id, u.code LIMIT :most""")
_SETTLE = text("""
    UPDATE unknown_code SET settled_at = :now, settled_note = :note
    WHERE store_id = :store AND code = :code AND settled_at IS NULL RETURNING code""")


def report(session: Session, store_id: int, code: str, note: str, *, actor: str, now: datetime) -> int:
    """Say that a code is not known; returns how often that was said. A payment code is none and kept nowhere.

    :raises Malformed: it has the shape of a payment code.
    """
    if _PAYS.fullmatch(code):
        raise Malformed(fields={"code": "a payment code"})
    row = first(session, _REPORT, {"store": store_id, "code": code, "note": note, "now": now})
    assert row is not None
    journal.record(session, "unknown_code.reported", f"store:{store_id}", actor=actor, now=now, code=code, note=note)
    return int(row.times)


def waiting(session: Session) -> list[dict[str, Any]]:
    """What is not settled, newest first; `sku_id` where goods bear the code by now."""
    return [row._asdict() for row in fetch(session, _OPEN, {"most": PAGE})]


def settle(session: Session, store_id: int, code: str, note: str, *, actor: str, now: datetime) -> None:
    """It was seen to, as `note` says.

    :raises NotFound: no such code waits, or somebody was first.
    """
    if first(session, _SETTLE, {"store": store_id, "code": code, "note": note, "now": now}) is None:
        raise NotFound(code=code)
    journal.record(session, "unknown_code.settled", f"store:{store_id}", actor=actor, now=now, code=code, note=note)
