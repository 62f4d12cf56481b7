"""Transfers, deliveries and counts with their lines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.stock.papers.states import Count, Delivery, Transfer


def _one_of(states: type[Transfer] | type[Delivery] | type[Count]) -> str:
    return f"state IN ({', '.join(repr(str(state)) for state in states)})"


class StockTransfer(Base):
    """Goods on their way from a store (`store_id`) to another; `settled` says what became of a difference."""

    __tablename__ = "stock_transfer"
    __table_args__ = (
        CheckConstraint(_one_of(Transfer), name="state"),
        CheckConstraint("store_id <> to_store_id", name="two_stores"),
        Index("ix_stock_transfer_to_store_id", "to_store_id", "id"),
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    to_store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    state: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    moved_by: Mapped[str | None] = mapped_column(Text)
    moved_at: Mapped[datetime | None]
    settled: Mapped[str | None] = mapped_column(Text)
    settled_note: Mapped[str | None] = mapped_column(Text)


class StockTransferLine(Base):
    """One sku of a transfer: asked for, put on the way, and found at the end (`damaged` of it not for sale)."""

    __tablename__ = "stock_transfer_line"
    __table_args__ = (
        CheckConstraint("asked >= 0 AND shipped >= 0 AND received >= 0 AND damaged >= 0", name="not_negative"),
        CheckConstraint("damaged <= received", name="damaged_within_received"),
        ForeignKeyConstraint(["store_id", "transfer_id"], ["stock_transfer.store_id", "stock_transfer.id"]),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    asked: Mapped[int]
    shipped: Mapped[int] = mapped_column(default=0, server_default="0")
    received: Mapped[int] = mapped_column(default=0, server_default="0")
    damaged: Mapped[int] = mapped_column(default=0, server_default="0")


class StockDelivery(Base):
    """Goods a store expects from a supplier or a distribution centre; a supplier's number is taken in once."""

    __tablename__ = "stock_delivery"
    __table_args__ = (
        CheckConstraint(_one_of(Delivery), name="state"),
        Index(
            "uq_stock_delivery_external_no",
            "store_id",
            "supplier",
            "external_no",
            unique=True,
            postgresql_where=text("external_no <> ''"),
        ),
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    supplier: Mapped[str] = mapped_column(Text)
    external_no: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    moved_by: Mapped[str | None] = mapped_column(Text)
    moved_at: Mapped[datetime | None]
    settled: Mapped[str | None] = mapped_column(Text)
    settled_note: Mapped[str | None] = mapped_column(Text)


class StockDeliveryLine(Base):
    """One sku of a delivery: expected, and counted when it came (`damaged` of it not for sale)."""

    __tablename__ = "stock_delivery_line"
    __table_args__ = (
        CheckConstraint("expected >= 0 AND received >= 0 AND damaged >= 0", name="not_negative"),
        CheckConstraint("damaged <= received", name="damaged_within_received"),
        ForeignKeyConstraint(["store_id", "delivery_id"], ["stock_delivery.store_id", "stock_delivery.id"]),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    expected: Mapped[int]
    received: Mapped[int] = mapped_column(default=0, server_default="0")
    damaged: Mapped[int] = mapped_column(default=0, server_default="0")


class StockCount(Base):
    """A count of some skus of a store; above `recount_above` units of variance a sku is counted twice."""

    __tablename__ = "stock_count"
    __table_args__ = (CheckConstraint(_one_of(Count), name="state"),)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    recount_above: Mapped[int]
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    moved_by: Mapped[str | None] = mapped_column(Text)
    moved_at: Mapped[datetime | None]


class StockCountLine(Base):
    """One sku of a count: `snapshot` was on hand when it was opened, `turn` is 2 once a recount was asked for.

    `expected`, `counted` and `variance` are written when it is posted; a `superseded` line was counted again by
    another count after its last scan, and changed nothing.
    """

    __tablename__ = "stock_count_line"
    __table_args__ = (ForeignKeyConstraint(["store_id", "count_id"], ["stock_count.store_id", "stock_count.id"]),)
    store_id: Mapped[int] = mapped_column(primary_key=True)
    count_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    snapshot: Mapped[int]
    turn: Mapped[int] = mapped_column(default=1, server_default="1")
    expected: Mapped[int | None]
    counted: Mapped[int | None]
    variance: Mapped[int | None]
    superseded: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class StockCountScan(Base):
    """Somebody counted `qty` of a sku at a moment; `apart` was then in totes and in quarantine, and is not in it."""

    __tablename__ = "stock_count_scan"
    __table_args__ = (
        CheckConstraint("qty >= 0", name="not_negative"),
        Index("ix_stock_count_scan_sku", "store_id", "count_id", "sku_id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    count_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sku_id: Mapped[int]
    turn: Mapped[int]
    qty: Mapped[int]
    apart: Mapped[int]
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
