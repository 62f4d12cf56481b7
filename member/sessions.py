"""Who is signed in to the mall: our own opaque tokens, revocable, sliding for 30 days."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.db import Base, changed, first

KEPT = timedelta(days=30)


class MemberSession(Base):
    """A signed-in customer; only the token's hash is kept."""

    __tablename__ = "member_session"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    openid_sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


_OPEN = text(
    "INSERT INTO member_session (token_hash, member_id, openid_sealed, expires_at)"
    " VALUES (:hash, :member, :openid, :until)"
)
_WHO = text(
    "SELECT coalesce(member.merged_into_id, member.id) AS member_id, s.openid_sealed, s.expires_at"
    " FROM member_session s JOIN member ON member.id = s.member_id"
    " WHERE s.token_hash = :hash AND s.expires_at > :now"
)
_SLIDE = text("UPDATE member_session SET expires_at = :until WHERE token_hash = :hash")
_FORGET = text("""
    DELETE FROM member_session WHERE token_hash IN (
        SELECT token_hash FROM member_session WHERE expires_at <= :now LIMIT :most)""")
_CLOSE = text("DELETE FROM member_session WHERE token_hash = :hash")


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def sign_in(session: Session, member_id: int, openid_sealed: bytes, *, now: datetime) -> str:
    """Open a session; returns the token that the mini-program keeps."""
    token = secrets.token_urlsafe(32)
    session.execute(_OPEN, {"hash": hash_of(token), "member": member_id, "openid": openid_sealed, "until": now + KEPT})
    return token


def who(session: Session, token: str, *, now: datetime) -> tuple[int, bytes] | None:
    """The member behind a token, after merges, and the sealed openid; None when it is not valid."""
    row = first(session, _WHO, {"hash": hash_of(token), "now": now})
    return (row.member_id, row.openid_sealed) if row else None


def of_hash(session: Session, token_hash: bytes, *, now: datetime) -> int | None:
    """The member behind a token of which only the hash was kept, if it was valid at `now`."""
    row = first(session, _WHO, {"hash": token_hash, "now": now})
    return row.member_id if row else None


def slide(session: Session, token: str, *, now: datetime) -> None:
    """Give a session in use its 30 days again."""
    session.execute(_SLIDE, {"hash": hash_of(token), "until": now + KEPT})


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.execute(_CLOSE, {"hash": hash_of(token)})


def forget(session: Session, *, now: datetime, most: int = 5000) -> int:
    """Drop sessions that are over, and the openids in them; returns how many."""
    return changed(session, _FORGET, {"now": now, "most": most})
