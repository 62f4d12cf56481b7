"""What the daily match came to."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class MatchDay(Base):
    """One day's match with WeChat's bill (`matching.py`): what agreed, what it cost, and what differs now."""

    __tablename__ = "match_day"
    __table_args__ = (CheckConstraint("payments >= 0 AND refunds >= 0 AND differences >= 0", name="counts"),)
    day: Mapped[date] = mapped_column(primary_key=True)
    payments: Mapped[int]
    paid_fen: Mapped[int]
    refunds: Mapped[int]
    refunded_fen: Mapped[int]
    fee_e5: Mapped[int]
    differences: Mapped[int]
    difference_fen: Mapped[int]
    matched_at: Mapped[datetime]


class MatchDifference(Base):
    """One thing that WeChat's bill and we tell differently; `gone_at` once a later run no longer finds it."""

    __tablename__ = "match_difference"
    __table_args__ = (Index("ix_match_difference_open", "day", postgresql_where=text("gone_at IS NULL")),)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    no: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[int | None]
    order_id: Mapped[int | None]
    bill_fen: Mapped[int]
    our_fen: Mapped[int]
    found_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
