"""Price books."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Price(Base):
    """What a SKU costs from `from_at` until `to_at` (exclusive), in fen per piece or per kilogram.

    `store_id` 0 is the chain's list book; a store's own row goes before it.  Of several rows in force the
    latest `from_at` counts.
    """

    __tablename__ = "price"
    __table_args__ = (
        CheckConstraint("price_fen > 0", name="positive"),
        CheckConstraint("to_at IS NULL OR to_at > from_at", name="window"),
        Index("ix_price_current", "sku_id", text("store_id DESC"), text("from_at DESC")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    store_id: Mapped[int] = mapped_column(default=0)
    price_fen: Mapped[int]
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
