"""Who people are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Member(Base):
    """One person to the chain, at the till and in WeChat.  A merged member points to the one that stays.

    `name` is what the till wrote; `nickname`, `birthday` and `gender` are the member's own (`member/profile.py`).
    """

    __tablename__ = "member"
    __table_args__ = (
        Index("ix_member_phone_tail", "phone_tail"),
        UniqueConstraint("invite_code"),
        CheckConstraint("gender IN ('female', 'male', 'unsaid')", name="gender"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    phone_masked: Mapped[str | None] = mapped_column(Text)
    phone_tail: Mapped[str | None] = mapped_column(Text)
    tier: Mapped[str] = mapped_column(Text, default="standard")
    home_store_id: Mapped[int | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    nickname: Mapped[str] = mapped_column(Text, server_default=text("''"))
    birthday: Mapped[date | None]
    gender: Mapped[str | None] = mapped_column(Text)
    invite_code: Mapped[str | None] = mapped_column(Text)


class Identity(Base):
    """How a person is recognised: sealed value and keyed fingerprint, never plain text.

    `follower` is the openid of the service account, for whom no unionid says it (`member/followers.py`).

    A lost card keeps its row, so that whoever finds it is told and nobody else may bind it.
    """

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("kind", "fingerprint"),
        Index("ix_identity_member_id", "member_id"),
        CheckConstraint("kind IN ('phone', 'openid', 'unionid', 'card', 'follower')", name="kind"),
        CheckConstraint("lost_at IS NULL OR kind = 'card'", name="lost"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[bytes]
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    lost_at: Mapped[datetime | None]


class Merge(Base):
    """Two members who turned out to be one person: what moved from `source_id` to `into_id`, so that it can go back.

    `moved` holds keys by table (`identities`, `sessions`, `coupons`, `lots`, `entries`, `orders`) and what had to
    change on the way.  Append-only but for the way back.
    """

    __tablename__ = "member_merge"
    __table_args__ = (
        Index("uq_member_merge_source", "source_id", unique=True, postgresql_where=text("unmerged_at IS NULL")),
        Index("ix_member_merge_into", "into_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    into_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    unmerge_until: Mapped[datetime]
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB)
    unmerged_at: Mapped[datetime | None]
    unmerged_actor: Mapped[str | None] = mapped_column(Text)
