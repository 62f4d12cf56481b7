"""How often a paper that the server makes was printed: the first is the original, each later one bears its number.

Who prints says so first (`count`), under a request id, and the paper's address then names the printing; an address that
was not counted is none.  So nothing comes out twice without its mark, whichever way it is printed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import NotFound

KIND = "paper.printed"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 11))")
_PRINTS = text("SELECT count(*) AS n FROM journal WHERE subject = :subject AND kind = :kind")


def count(session: Session, subject: str, *, kind: str = KIND, actor: str, now: datetime, **data: Any) -> int:
    """Note that a paper is printed; returns how often it was before.  Of two at once each has a number of its own."""
    fetch(session, _LOCK, {"subject": subject})
    before = int(fetch(session, _PRINTS, {"subject": subject, "kind": kind})[0].n)
    journal.record(session, kind, subject, actor=actor, now=now, copy=before, **data)
    return before


def check(session: Session, subject: str, copy: int, *, kind: str = KIND) -> None:
    """Whether that printing was counted; raises NotFound."""
    if copy >= fetch(session, _PRINTS, {"subject": subject, "kind": kind})[0].n:
        raise NotFound(copy=copy)


_COPIED = text("""
    SELECT j.at, staff.name AS by FROM journal j LEFT JOIN staff ON j.actor = 'staff:' || staff.id
    WHERE j.subject = :subject AND j.kind = 'receipt.copied' AND (j.data->>'copy')::bigint = :copy
    ORDER BY j.id LIMIT 1""")


def of_sale(session: Session, order_id: int, copy: int) -> dict[str, Any]:
    """The mark of a sale's copy that was counted: {n, by, at}.  Raises NotFound."""
    found = fetch(session, _COPIED, {"subject": f"order:{order_id}", "copy": copy})
    if not found:
        raise NotFound(copy=copy)
    return {"n": copy, "by": found[0].by or "", "at": found[0].at.isoformat()}
