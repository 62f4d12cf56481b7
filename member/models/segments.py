"""What members did, as the member room needs it, and the groups made of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Purchase(Base):
    """One paid order of a member as it stands: what they kept of it.  A copy that can be made anew from the orders."""

    __tablename__ = "member_purchase"
    __table_args__ = (CheckConstraint("kept_fen >= 0", name="kept"), Index("ix_member_purchase_at", "member_id", "at"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    channel: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    kept_fen: Mapped[int]
    sku_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    category_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class Visit(Base):
    """A business day on which a member was here without having to buy: one row a day and channel."""

    __tablename__ = "member_visit"
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)


class Rfm(Base):
    """A buyer's recency, frequency and money over a year, each scored 1 to 5 (5 best) by the edges of `RfmRun`."""

    __tablename__ = "member_rfm"
    __table_args__ = (
        CheckConstraint("r BETWEEN 1 AND 5 AND f BETWEEN 1 AND 5 AND m BETWEEN 1 AND 5", name="scores"),
        Index("ix_member_rfm_scores", "r", "f", "m"),
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    bought_at: Mapped[datetime]
    orders: Mapped[int]
    kept_fen: Mapped[int]
    r: Mapped[int]
    f: Mapped[int]
    m: Mapped[int]


class RfmRun(Base):
    """One scoring: when, over how many buyers, and between which edges."""

    __tablename__ = "rfm_run"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    buyers: Mapped[int]
    edges: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Segment(Base):
    """A group of members by what is known of them; `segment_member` is who they were at `refreshed_at`.

    `holdout_bp` of them are left alone by every campaign; it is set once, so that nobody changes sides.
    """

    __tablename__ = "segment"
    __table_args__ = (CheckConstraint("holdout_bp BETWEEN 0 AND 5000", name="holdout"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    holdout_bp: Mapped[int]
    kept: Mapped[bool] = mapped_column(default=True)
    made_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    refreshed_at: Mapped[datetime | None]
    size: Mapped[int] = mapped_column(default=0)
    held_out: Mapped[int] = mapped_column(default=0)


class SegmentMember(Base):
    """A member of a segment since a moment, or of its holdout."""

    __tablename__ = "segment_member"
    __table_args__ = (Index("ix_segment_member_member", "member_id"),)
    segment_id: Mapped[int] = mapped_column(ForeignKey("segment.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    held_out: Mapped[bool]
    since_at: Mapped[datetime]
