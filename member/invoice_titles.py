"""For whom a member had their invoices made, kept for the next time: sealed, one of a person and one of a company."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import leaving
from member.secrets import open_sealed, seal

_OF_MEMBER = text("""
    SELECT DISTINCT ON (kind) kind, sealed, at FROM member_invoice_title WHERE member_id = ANY(:ids)
    ORDER BY kind, at DESC""")
_KEEP = text("""
    INSERT INTO member_invoice_title (member_id, kind, sealed, at) VALUES (:member, :kind, :sealed, :now)
    ON CONFLICT (member_id, kind) DO UPDATE SET sealed = excluded.sealed, at = excluded.at""")


def of_member(session: Session, member_id: int) -> list[dict[str, Any]]:
    """`{kind, title, tax_no, email}` of the last of each kind, what was used last first.

    Whoever became one with another finds the titles of both; no row moves.
    """
    rows = fetch(session, _OF_MEMBER, {"ids": leaving.selves(session, member_id)})
    newest = sorted(rows, key=lambda row: row.at, reverse=True)
    return [{"kind": row.kind, **json.loads(open_sealed(bytes(row.sealed)))} for row in newest]


def keep(session: Session, member_id: int, kind: str, title: str, tax_no: str, email: str, *, now: datetime) -> None:
    """Remember what was asked for, in place of what was asked for before."""
    plain = json.dumps({"title": title, "tax_no": tax_no, "email": email}, ensure_ascii=False).encode()
    fetch(session, _KEEP, {"member": member_id, "kind": kind, "sealed": seal(plain), "now": now})
