"""Who people are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Member(Base):
    """One person to the chain, at the till and in WeChat.  A merged member points to the one that stays."""

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_phone_tail", "phone_tail"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    phone_masked: Mapped[str | None] = mapped_column(Text)
    phone_tail: Mapped[str | None] = mapped_column(Text)
    tier: Mapped[str] = mapped_column(Text, default="standard")
    home_store_id: Mapped[int | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]


class Identity(Base):
    """How a person is recognised: sealed value and keyed fingerprint, never plain text."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("kind", "fingerprint"),
        Index("ix_identity_member_id", "member_id"),
        CheckConstraint("kind IN ('phone', 'openid')", name="kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[bytes]
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
