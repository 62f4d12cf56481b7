"""What other channels sent us, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.intake.states import State

_STATES = ", ".join(f"'{state}'" for state in State)


class IntakeOrder(Base):
    """One order of one channel.  `state` changes only in `moves.py`.

    `revision` is the newest document's, `applied_revision` the one our order follows.  A cancel that was asked for
    leaves `cancel_asked_at`; one that came too late `cancel_refused_at`.  `version` is its place in the channel's feed,
    empty since it changed until the feed is read.  `reason` is a short code, `facts` what a person needs to help.
    """

    __tablename__ = "intake_order"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(store_id IS NULL) = (order_id IS NULL)", name="order"),
        CheckConstraint("state <> 'ordered' OR order_id IS NOT NULL", name="ordered"),
        CheckConstraint("applied_revision <= revision AND money_fen >= 0", name="figures"),
        Index(
            "ix_intake_order_due",
            "received_at",
            postgresql_where=text(
                "state = 'received' OR (state = 'ordered' AND (applied_revision < revision"
                " OR (cancel_asked_at IS NOT NULL AND cancel_refused_at IS NULL)))"
            ),
        ),
        Index("uq_intake_order_version", "channel_id", "version", unique=True),
        Index("ix_intake_order_changed", "channel_id", "external_no", postgresql_where=text("version IS NULL")),
        Index(
            "uq_intake_order_order", "store_id", "order_id", unique=True, postgresql_where=text("order_id IS NOT NULL")
        ),
        Index("ix_intake_order_state", "channel_id", "state", postgresql_where=text("state <> 'ordered'")),
    )
    channel_id: Mapped[int] = mapped_column(ForeignKey("sales_channel.id"), primary_key=True)
    external_no: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    applied_revision: Mapped[int] = mapped_column(server_default=text("0"))
    store_id: Mapped[int | None]
    order_id: Mapped[int | None]
    money_fen: Mapped[int]
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    cancel_asked_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    cancel_refused_at: Mapped[datetime | None]
    version: Mapped[int | None]


class IntakeDocument(Base):
    """One revision of an order as it came: prices and tax are kept as received.

    `print` is a keyed hash of all of it, `raw` is it without the receiver, who lies sealed and is forgotten when the
    order has long ended.
    """

    __tablename__ = "intake_document"
    __table_args__ = (CheckConstraint("revision > 0", name="revision"), Index("ix_intake_document_at", "at"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("sales_channel.id"), primary_key=True)
    external_no: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    print: Mapped[bytes]
    raw: Mapped[dict[str, Any]] = mapped_column(JSONB)
    receiver_sealed: Mapped[bytes | None]
    at: Mapped[datetime]
