"""What people agreed to, what they asked for, and how they leave."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Consent(Base):
    """One answer to one text: given or withdrawn.  Append-only; the newest answer of a purpose counts."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("channel IN ('mall', 'till', 'office')", name="channel"),
        Index("ix_consent_member", "member_id", "purpose", text("id DESC")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    purpose: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    given: Mapped[bool]
    channel: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Export(Base):
    """A copy of everything held about a member, asked for, made, and taken once; sealed until then."""

    __tablename__ = "member_export"
    __table_args__ = (
        CheckConstraint("sealed IS NULL OR (ready_at IS NOT NULL AND taken_at IS NULL)", name="sealed"),
        Index("uq_member_export_open", "member_id", unique=True, postgresql_where=text("ready_at IS NULL")),
        Index("ix_member_export_member", "member_id", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    asked_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    sealed: Mapped[bytes | None]


class Leaving(Base):
    """A member who asked to be forgotten, and when that becomes true unless they think better of it."""

    __tablename__ = "member_leaving"
    __table_args__ = (Index("ix_member_leaving_due_at", "due_at", postgresql_where=text("done_at IS NULL")),)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    waits_for: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]
