"""Request ids: a retry gets the first answer; the same id with another body is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.db import Base, changed, fetch, first, transaction
from config.errors import RequestIdReused

Answer = tuple[dict[str, Any], int]


class StoredAnswer(Base):
    """What a request was answered with.  `who` is the caller, so that nobody reads another's answer."""

    __tablename__ = "request_answer"
    who: Mapped[str] = mapped_column(Text, primary_key=True)
    request_id: Mapped[str] = mapped_column(Text, primary_key=True)
    body_hash: Mapped[bytes]
    at: Mapped[datetime]
    status: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


_CLAIM = text(
    "INSERT INTO request_answer (who, request_id, body_hash, at) VALUES (:who, :id, :hash, :now)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
_FIRST = text("SELECT body_hash, status, answer FROM request_answer WHERE who = :who AND request_id = :id")
_KEEP = text(
    "UPDATE request_answer SET status = :status, answer = CAST(:answer AS jsonb) WHERE who = :who AND request_id = :id"
)
_FORGET = text(
    "DELETE FROM request_answer WHERE ctid IN (SELECT ctid FROM request_answer WHERE at < :before LIMIT :most)"
)


def body_hash(route: str, body: Any) -> bytes:
    """A fingerprint of what was asked, independent of key order."""
    plain = json.dumps([route, body], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).digest()


def once(
    session: Session,
    work: Callable[[Session], Answer],
    *,
    who: str,
    request_id: str,
    route: str,
    body: Any,
    now: datetime,
) -> Answer:
    """Do `work` in one transaction and keep its answer; a repeat is given that answer.

    A repeat that arrives while the first is under way waits for it (the unique key blocks it).  When the
    first was refused or died nothing is kept, and the repeat does the work.

    :raises RequestIdReused: the id was used with another body; nothing is done.
    """
    key = {"who": who, "id": request_id}
    fingerprint = body_hash(route, body)
    with transaction(session):
        if first(session, _CLAIM, {**key, "hash": fingerprint, "now": now}):
            answer, status = work(session)
            fetch(session, _KEEP, {**key, "status": status, "answer": json.dumps(answer, ensure_ascii=False)})
            return answer, status
        stored = fetch(session, _FIRST, key)[0]
        if bytes(stored.body_hash) != fingerprint:
            raise RequestIdReused(request_id=request_id)
        return stored.answer, stored.status


_ANSWERED = text("SELECT answer FROM request_answer WHERE who = :who AND request_id = :id")


def claimed(session: Session, who: str, request_id: str, fingerprint: bytes, *, now: datetime) -> dict[str, Any] | None:
    """What a request was answered with, if it reached us; else its id is used up here, and a late arrival is refused.

    For what comes another way than its own endpoint.  Waits for a request that is under way.
    """
    if first(session, _CLAIM, {"who": who, "id": request_id, "hash": fingerprint, "now": now}):
        return None
    return answered(session, who, request_id)


def answered(session: Session, who: str, request_id: str) -> dict[str, Any] | None:
    """What a request was answered with; None when it never reached us, was refused, or is under way."""
    found = first(session, _ANSWERED, {"who": who, "id": request_id})
    answer: dict[str, Any] | None = found.answer if found else None
    return answer


def forget(session: Session, *, before: datetime, most: int = 5000) -> int:
    """Drop answers older than the longest offline time of a till (30 days); returns how many."""
    return changed(session, _FORGET, {"before": before, "most": most})
