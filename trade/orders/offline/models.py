"""Documents of tills, and the chain each device makes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.offline.states import State

_NAMES = ", ".join(sorted(f"'{state}'" for state in State))


class TillDevice(Base):
    """A browser that sold on its own, and the last link of its chain that we have; `skew_ms` is its clock less ours.

    Up to `whole_seq` nothing is missing, so that what is missing is looked for only after it, however long the chain.
    """

    __tablename__ = "till_device"
    __table_args__ = (ForeignKeyConstraint(["store_id", "till_id"], ["till.store_id", "till.id"]),)
    store_id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(Text, primary_key=True)
    till_id: Mapped[int]
    last_seq: Mapped[int] = mapped_column(default=0)
    whole_seq: Mapped[int] = mapped_column(server_default=text("0"))
    last_hash: Mapped[bytes]
    skew_ms: Mapped[int] = mapped_column(default=0)
    seen_at: Mapped[datetime]


class TillDocument(Base):
    """One document as the till wrote it, byte by byte; `hash` is the SHA-256 of `body`, which names the one before.

    `kind` is a row of `kinds.KINDS`, `no` the number on its paper, `not_cash_fen` what of its money is in no drawer,
    `differences` what we would have said otherwise, `member_id` who it turned out to be that gave a phone.
    """

    __tablename__ = "till_document"
    __table_args__ = (
        CheckConstraint(f"state IN ({_NAMES})", name="state"),
        CheckConstraint("kind <> 'sale' OR (state IN ('taken', 'known')) = (order_id IS NOT NULL)", name="ordered"),
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        ForeignKeyConstraint(["store_id", "device_id"], ["till_device.store_id", "till_device.device_id"]),
        Index("uq_till_document_seq", "store_id", "device_id", "seq", unique=True),
        Index("uq_till_document_no", "store_id", "no", unique=True),
        Index("ix_till_document_order", "store_id", "order_id"),
        Index(
            "ix_till_document_differs", "store_id", text("sold_at DESC"), postgresql_where=text("differences <> '[]'")
        ),
        Index(
            "ix_till_document_unbooked",
            "store_id",
            "shift_uuid",
            postgresql_where=text("kind IN ('sale', 'back') AND state IN ('excepted', 'settled')"),
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(Text, primary_key=True)
    device_id: Mapped[str] = mapped_column(Text)
    seq: Mapped[int]
    till_id: Mapped[int]
    kind: Mapped[str] = mapped_column(Text, server_default=text("'sale'"))
    no: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[bytes]
    payable_fen: Mapped[int]
    not_cash_fen: Mapped[int] = mapped_column(server_default=text("0"))
    shift_uuid: Mapped[str | None] = mapped_column(Text)
    sold_at: Mapped[datetime]
    received_at: Mapped[datetime]
    order_id: Mapped[int | None]
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    differences: Mapped[list[Any] | None] = mapped_column(JSONB)
