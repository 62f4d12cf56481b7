"""What levels there are, where each member stands, and every change of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class TierVersion(Base):
    """One version of the tier rules; the newest that has begun is in force.  Without any, `tier_rules.FIRST` is."""

    __tablename__ = "tier_version"
    __table_args__ = (
        UniqueConstraint("from_at"),
        CheckConstraint("counted IN ('rolling', 'year', 'lifetime')", name="counted"),
        CheckConstraint("downgrade IN ('one_down', 'balance_based')", name="downgrade"),
        CheckConstraint("grace_days BETWEEN 0 AND 366", name="grace_days"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_at: Mapped[datetime]
    counted: Mapped[str] = mapped_column(Text)
    downgrade: Mapped[str] = mapped_column(Text)
    grace_days: Mapped[int]
    provisional: Mapped[bool]
    actor: Mapped[str] = mapped_column(Text)


class TierLevel(Base):
    """One level of one version: reached with `entry_growth`, kept with `keep_growth`; rank 0 is everybody's.

    Reaching it brings `gift_points` and one coupon of each template in `gift_coupons`.
    """

    __tablename__ = "tier_level"
    __table_args__ = (
        UniqueConstraint("version_id", "rank"),
        CheckConstraint("keep_growth BETWEEN 0 AND entry_growth", name="keep"),
        CheckConstraint("rank >= 0 AND (rank > 0 OR entry_growth = 0)", name="first"),
        CheckConstraint("multiplier_bp >= 10000", name="multiplier"),
        CheckConstraint("gift_points >= 0", name="gift_points"),
    )
    version_id: Mapped[int] = mapped_column(ForeignKey("tier_version.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    rank: Mapped[int]
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    entry_growth: Mapped[int]
    keep_growth: Mapped[int]
    multiplier_bp: Mapped[int]
    benefits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    gift_points: Mapped[int] = mapped_column(server_default=text("0"))
    gift_coupons: Mapped[list[int]] = mapped_column(JSONB, server_default=text("'[]'"))


class TierStanding(Base):
    """Why a member has their tier: what growth confirmed, and what was granted until when.

    `member.tier` is the highest of `confirmed`, a grant that has not ended, and what growth on its way would give.
    `due_at` is the next moment at which time alone may change it.
    """

    __tablename__ = "tier_standing"
    __table_args__ = (
        Index("ix_tier_standing_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        CheckConstraint("(floor IS NULL) = (floor_until IS NULL)", name="floor"),
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    confirmed: Mapped[str] = mapped_column(Text)
    evaluate_at: Mapped[datetime | None]
    grace_until: Mapped[datetime | None]
    floor: Mapped[str | None] = mapped_column(Text)
    floor_until: Mapped[datetime | None]
    due_at: Mapped[datetime | None]


class TierChange(Base):
    """One change of a member's tier; append-only."""

    __tablename__ = "tier_change"
    __table_args__ = (Index("ix_tier_change_member", "member_id", text("id DESC")),)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    from_tier: Mapped[str] = mapped_column(Text)
    to_tier: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    growth: Mapped[int]
    actor: Mapped[str] = mapped_column(Text)
