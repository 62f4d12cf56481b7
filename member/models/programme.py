"""The points programme: its terms, and what it counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class PointsTerms(Base):
    """One version of the terms (`member/terms.py` reads `body`).  A row is never changed; a trigger holds this."""

    __tablename__ = "points_terms"
    __table_args__ = (Index("ix_points_terms_from_at", "from_at"),)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_at: Mapped[datetime]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class PointsBudget(Base):
    """How much of a period's limit is used up, such as what may be written off in a month."""

    __tablename__ = "points_budget"
    __table_args__ = (CheckConstraint("used >= 0", name="used"),)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    period: Mapped[date] = mapped_column(Date, primary_key=True)
    used: Mapped[int]


class PointsAdjustment(Base):
    """Points put right by hand: who proposed it and why, and who else said yes or no."""

    __tablename__ = "points_adjustment"
    __table_args__ = (
        CheckConstraint("points <> 0", name="points"),
        CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="state"),
        Index("ix_points_adjustment_member_id", "member_id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    points: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    decider: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decided_because: Mapped[str] = mapped_column(Text, server_default=text("''"))


class PointsNotice(Base):
    """That a member was told, at one stage before a date, what expires then."""

    __tablename__ = "points_notice"
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(primary_key=True)
    stage: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    points: Mapped[int]
    at: Mapped[datetime]
