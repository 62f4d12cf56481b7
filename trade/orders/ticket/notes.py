"""Notes of a till sale: of the order, or of one line."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_WRITE = text("""
    INSERT INTO order_note (store_id, order_id, line_no, note, printed)
    SELECT :store, :order, n.line_no, n.note, :printed FROM jsonb_to_recordset(CAST(:notes AS jsonb))
        AS n(line_no bigint, note text)""")


def write(session: Session, store_id: int, order_id: int, notes: Mapping[int, str], *, printed: bool) -> None:
    """Keep what was noted, by line number (0: the order), in the transaction of the sale; empty notes are none."""
    rows = [{"line_no": line_no, "note": note.strip()} for line_no, note in notes.items() if note.strip()]
    if rows:
        said = json.dumps(rows, ensure_ascii=False)
        fetch(session, _WRITE, {"store": store_id, "order": order_id, "notes": said, "printed": printed})
