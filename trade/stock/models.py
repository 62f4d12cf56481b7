"""Stock: a level beside its movements, and the promises made from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class StockLevel(Base):
    """What one store has of one sku, in sale units; `on_hand - held` is free to sell.

    Both figures move only through `trade.stock.moves`; the CHECKs are the last line of defence.
    """

    __tablename__ = "stock_level"
    __table_args__ = (
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("held <= on_hand", name="held_within_on_hand"),
        {"postgresql_with": {"fillfactor": 70}},
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)


class StockHold(Base):
    """Units of one store promised to one order and not yet handed over."""

    __tablename__ = "stock_hold"
    __table_args__ = (CheckConstraint("qty > 0", name="positive"), Index("ix_stock_hold_sku", "store_id", "sku_id"))
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(primary_key=True)
    qty: Mapped[int]


class StockSetAside(Base):
    """Units of one store kept for a promotion's own orders; they are among the level's `held`."""

    __tablename__ = "stock_set_aside"
    __table_args__ = (
        CheckConstraint("qty >= 0", name="not_negative"),
        Index("ix_stock_set_aside_promotion_id", "promotion_id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(primary_key=True)
    promotion_id: Mapped[int] = mapped_column(primary_key=True)
    qty: Mapped[int]


class StockMovement(Base):
    """One signed change of `on_hand`.  `key` names document, line and event, so nothing is posted twice."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        UniqueConstraint("store_id", "key", "sku_id"),
        Index("ix_stock_movement_sku", "store_id", "sku_id", "id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sku_id: Mapped[int]
    qty: Mapped[int]
    key: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
