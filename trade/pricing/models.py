"""Price books, changes of prices, and the labels on the shelf."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Price(Base):
    """What a SKU costs from `from_at` until `to_at` (exclusive), in fen per piece or per kilogram.

    A row counts where its store, channel and customer group are asked for; 0 and empty are any, and all three any is
    the list.  Of the rows in force the highest `rank` counts (store over channel over group over list), then the latest
    `from_at`.  `steps` are lower prices from a quantity on: `[[qty, fen], ...]`, ascending, beside `price_fen` from 1.
    """

    __tablename__ = "price"
    __table_args__ = (
        CheckConstraint("price_fen > 0", name="positive"),
        CheckConstraint("to_at IS NULL OR to_at > from_at", name="window"),
        CheckConstraint(
            "rank = (CASE WHEN store_id > 0 THEN 4 ELSE 0 END) + (CASE WHEN channel <> '' THEN 2 ELSE 0 END)"
            " + (CASE WHEN customer_group <> '' THEN 1 ELSE 0 END)",
            name="rank",
        ),
        Index("ix_price_current", "sku_id", text("rank DESC"), text("from_at DESC"), text("id DESC")),
        Index("ix_price_change_id", "change_id", postgresql_where=text("change_id IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    store_id: Mapped[int] = mapped_column(default=0)
    price_fen: Mapped[int]
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    channel: Mapped[str] = mapped_column(Text, server_default=text("''"))
    customer_group: Mapped[str] = mapped_column(Text, server_default=text("''"))
    rank: Mapped[int] = mapped_column(server_default=text("0"))
    steps: Mapped[list[Any] | None] = mapped_column(JSONB)
    change_id: Mapped[int | None] = mapped_column(ForeignKey("price_change.id"))


class PriceChange(Base):
    """One change of prices (变价单): which book, from which minute, until when; its lines are rows of `price`.

    It never changes; one that has not begun may be withdrawn, and its `lines` stay here to tell what it was.
    """

    __tablename__ = "price_change"
    __table_args__ = (CheckConstraint("channel IN ('', 'till', 'mall')", name="channel"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    store_id: Mapped[int]
    channel: Mapped[str] = mapped_column(Text)
    customer_group: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    lines: Mapped[list[Any]] = mapped_column(JSONB)
    published_by: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class PriceLabel(Base):
    """The price on the shelf of one store, as it was last printed, in fen."""

    __tablename__ = "price_label"
    store_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(primary_key=True)
    price_fen: Mapped[int]
    printed_by: Mapped[str] = mapped_column(Text)
    printed_at: Mapped[datetime]


class TillChunk(Base):
    """A part of what a till of a store must know to sell (`till_feed.py`); `digest` is the SHA-256 of `rows`."""

    __tablename__ = "till_chunk"
    __table_args__ = (Index("ix_till_chunk_version", "store_id", "version"),)
    store_id: Mapped[int] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    digest: Mapped[bytes]
    rows: Mapped[str] = mapped_column(Text)


class DiscountLimit(Base):
    """How much a role may take off by hand of goods of a category, in basis points of the list price.

    Category 0 is all goods without a row of their own; without one of that either `trade/stores/roles.py` says it.
    """

    __tablename__ = "discount_limit"
    __table_args__ = (CheckConstraint("limit_bp BETWEEN 0 AND 10000", name="bp"),)
    role: Mapped[str] = mapped_column(Text, primary_key=True)
    category_id: Mapped[int] = mapped_column(primary_key=True)
    limit_bp: Mapped[int]


class PriceFloor(Base):
    """Below what nobody makes a sku cheaper by hand without a manager: fen per piece or per kilogram."""

    __tablename__ = "price_floor"
    __table_args__ = (CheckConstraint("floor_fen > 0", name="positive"),)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    floor_fen: Mapped[int]


class FreightTerms(Base):
    """One version of what bringing and sending cost (`freight.py`); the latest to begin counts.  Never changed."""

    __tablename__ = "freight_terms"
    __table_args__ = (Index("ix_freight_terms_from_at", "from_at", "version"),)
    version: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_at: Mapped[datetime]
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
