"""Stock: a level beside its movements, and the promises made from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Identity, Index, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base

FREE_TILL = "on_hand - held - committed - picked - quarantine"
FREE_ONLINE = f"CASE WHEN count_due THEN 0 ELSE {FREE_TILL} - safety - till_buffer END"
"""What is free, said once: the columns `free_till` and `free_online` are it, and nobody else subtracts buckets."""


class StockLevel(Base):
    """What one store has of one sku, in sale units, in buckets; what of it is free the table itself computes.

    `on_hand` is in the shop; of it `held` waits for payment (what a promotion keeps among it), `committed` is paid,
    `picked` lies in a tote, `quarantine` is not for sale.  `in_transit` is on its way here and not yet on hand.
    `safety` and `till_buffer` are kept from online customers, and while a count is due they see nothing.  All figures
    move only through the writers of `trade.stock`; the CHECKs are the last line of defence.  `on_hand` may fall below
    zero by a fact (a sale that happened), but then nothing is promised.
    """

    __tablename__ = "stock_level"
    __table_args__ = (
        CheckConstraint("held >= 0 AND committed >= 0 AND picked >= 0", name="promised_not_negative"),
        CheckConstraint(
            "held + committed + picked <= greatest(on_hand - quarantine, 0)", name="promised_within_what_is_there"
        ),
        CheckConstraint(
            "quarantine >= 0 AND in_transit >= 0 AND safety >= 0 AND till_buffer >= 0", name="buckets_not_negative"
        ),
        Index("ix_stock_level_sku", "sku_id", "store_id"),
        {"postgresql_with": {"fillfactor": 70}},
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    committed: Mapped[int] = mapped_column(default=0, server_default="0")
    picked: Mapped[int] = mapped_column(default=0, server_default="0")
    quarantine: Mapped[int] = mapped_column(default=0, server_default="0")
    in_transit: Mapped[int] = mapped_column(default=0, server_default="0")
    safety: Mapped[int] = mapped_column(default=0, server_default="0")
    till_buffer: Mapped[int] = mapped_column(default=0, server_default="0")
    count_due: Mapped[bool] = mapped_column(default=False, server_default=false())
    counted_at: Mapped[datetime | None]
    free_till: Mapped[int] = mapped_column(Computed(FREE_TILL, persisted=True))
    free_online: Mapped[int] = mapped_column(Computed(FREE_ONLINE, persisted=True))


class StockHold(Base):
    """Units of one store promised to one order and not yet handed over, in one bucket of the level.

    An order may hold in several stores.  `held_until` is when an unpaid promise ends by itself; empty is never.
    """

    __tablename__ = "stock_hold"
    __table_args__ = (
        CheckConstraint("qty > 0", name="positive"),
        CheckConstraint("bucket IN ('held', 'committed', 'picked')", name="bucket"),
        CheckConstraint("bucket = 'held' OR held_until IS NULL", name="paid_for_ever"),
        Index("ix_stock_hold_sku", "store_id", "sku_id"),
        Index("ix_stock_hold_until", "held_until", postgresql_where=text("held_until IS NOT NULL")),
    )
    order_id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(Text, primary_key=True)
    qty: Mapped[int]
    held_until: Mapped[datetime | None]


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


class StockQuarantine(Base):
    """One signed change of `quarantine`, with why; `key` as of a movement."""

    __tablename__ = "stock_quarantine"
    __table_args__ = (
        UniqueConstraint("store_id", "key", "sku_id"),
        Index("ix_stock_quarantine_sku", "store_id", "sku_id", "id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sku_id: Mapped[int]
    qty: Mapped[int]
    key: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class StockCountDue(Base):
    """A sku whose figure is in doubt since `at`, and why; it goes when somebody counts."""

    __tablename__ = "stock_count_due"
    store_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class StockWish(Base):
    """A member wants to hear that a store has a sku again (`wishes.py`); told once."""

    __tablename__ = "stock_wish"
    __table_args__ = (
        Index(
            "uq_stock_wish_open", "member_id", "store_id", "sku_id", unique=True,
            postgresql_where=text("told_at IS NULL"),
        ),
        Index("ix_stock_wish_waits", "store_id", "sku_id", postgresql_where=text("told_at IS NULL")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    at: Mapped[datetime]
    until_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
