"""Promotions, their versions, the book they make, and what was used of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Promotion(Base):
    """One promotion over its life.  `draft` is what is being written; `version` the last one published, 0 for none.

    Its state changes only in `moves.py`.
    """

    __tablename__ = "promotion"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'live', 'paused', 'ended')", name="state"),
        CheckConstraint("(version = 0) = (state = 'draft') OR state = 'ended'", name="published"),
        CheckConstraint("version > 0 OR draft IS NOT NULL", name="draft"),
        Index("ix_promotion_live", "id", postgresql_where=text("state = 'live'")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default=text("0"))
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PromotionVersion(Base):
    """What was published, never changed: `body` is the rule as `rules.rule_as_json` writes it.

    Quotas count units (phase 1), sets (phase 2) or orders, in all, by member, by day of the store and by store; empty
    is no limit.  `zone` is the one its dates were written in.  `book_version` is the book that first held it.
    """

    __tablename__ = "promotion_version"
    __table_args__ = (
        CheckConstraint("until_at > from_at", name="window"),
        CheckConstraint(
            "total_units > 0 AND member_units > 0 AND day_units > 0 AND store_units > 0 AND budget_fen > 0",
            name="quotas",
        ),
        CheckConstraint(
            "hq_bp >= 0 AND store_bp >= 0 AND supplier_bp >= 0 AND hq_bp + store_bp + supplier_bp = 10000",
            name="funding",
        ),
    )
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotion.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    zone: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    total_units: Mapped[int | None]
    member_units: Mapped[int | None]
    day_units: Mapped[int | None]
    store_units: Mapped[int | None]
    budget_fen: Mapped[int | None]
    hq_bp: Mapped[int]
    store_bp: Mapped[int]
    supplier_bp: Mapped[int]
    book_version: Mapped[int]
    published_by: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class BookSettings(Base):
    """How promotions go together; store 0 is the chain, and its `version` that of the whole book.

    A store's own row says only whether it searches the `best` price or keeps the `fixed` order.
    """

    __tablename__ = "promotion_book"
    __table_args__ = (
        CheckConstraint("mode IN ('best', 'fixed')", name="mode"),
        CheckConstraint("member_and_flash IN ('best', 'first')", name="member_and_flash"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(server_default=text("0"))
    mode: Mapped[str] = mapped_column(Text, server_default=text("'best'"))
    member_and_flash: Mapped[str] = mapped_column(Text, server_default=text("'best'"))
    stacking: Mapped[list[Any] | None] = mapped_column(JSONB)


class PromotionCount(Base):
    """What is used of one quota; it moves only by `counts.py`, and the CHECKs are the last line of defence.

    `key` is 0, the member, the day as 20261124, or the store.  The limits are those of the last claim.
    """

    __tablename__ = "promotion_count"
    __table_args__ = (
        CheckConstraint("scope IN ('total', 'member', 'day', 'store')", name="scope"),
        CheckConstraint("units >= 0 AND units <= most_units", name="units"),
        CheckConstraint("fen >= 0 AND fen <= most_fen", name="fen"),
    )
    promotion_id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[int] = mapped_column(primary_key=True)
    units: Mapped[int]
    fen: Mapped[int]
    most_units: Mapped[int | None]
    most_fen: Mapped[int | None]


class PromotionUse(Base):
    """What one order used of one promotion, and what of it came back: the record behind the counts.

    `scopes` are the quotas it was counted in; `off_fen` is what it took off goods and freight.  No foreign key: every
    order would lock the same row of a popular promotion for it; the proof finds strays.
    """

    __tablename__ = "promotion_use"
    __table_args__ = (
        CheckConstraint("units > 0 AND off_fen >= 0", name="used"),
        CheckConstraint("back_units BETWEEN 0 AND units AND back_fen BETWEEN 0 AND off_fen", name="back"),
        Index("ix_promotion_use_promotion", "promotion_id", "at"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    promotion_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    member_id: Mapped[int | None]
    day: Mapped[int]
    units: Mapped[int]
    off_fen: Mapped[int]
    back_units: Mapped[int] = mapped_column(server_default=text("0"))
    back_fen: Mapped[int] = mapped_column(server_default=text("0"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    at: Mapped[datetime]
