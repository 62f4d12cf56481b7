"""The row that joins a return and an order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Exchange(Base):
    """Units of order `back_order_id` for the goods of order `order_id`, at one till; `return_id` once it is done.

    `wants` are the units by line number and `aside` those that are not for sale, as JSON; `refund_fen` is what they
    give back.  `brought_fen` of it pays for the new goods, `respent_fen` came back as stored value and is spent anew.
    """

    __tablename__ = "exchange"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        ForeignKeyConstraint(["back_store_id", "back_order_id"], ["sale_order.store_id", "sale_order.id"]),
        ForeignKeyConstraint(["back_store_id", "return_id"], ["sale_return.store_id", "sale_return.id"]),
        CheckConstraint("refund_fen >= 0 AND brought_fen >= 0 AND respent_fen >= 0", name="amounts"),
        CheckConstraint("brought_fen + respent_fen <= refund_fen", name="within"),
        Index("ix_exchange_back", "back_store_id", "back_order_id"),
        Index("uq_exchange_return", "back_store_id", "return_id", unique=True),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    back_store_id: Mapped[int]
    back_order_id: Mapped[int]
    return_id: Mapped[int | None]
    wants: Mapped[dict[str, Any]] = mapped_column(JSONB)
    aside: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    fault: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    refund_fen: Mapped[int]
    brought_fen: Mapped[int]
    respent_fen: Mapped[int]
    shift_id: Mapped[int]
    staff_id: Mapped[int]
    approver_id: Mapped[int | None]
    at: Mapped[datetime]
