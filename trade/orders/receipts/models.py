"""The receipt of an order."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Receipt(Base):
    """What was given out for one order, so that printing it again gives the same.

    `no` is the number that was printed, a device's own where it was `alone`; `token` opens the page that its QR code
    leads to; `points_after` are the member's points as printed, null where none were; `copies` were printed since.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint("copies >= 0", name="copies"),
        Index("uq_receipt_token", "store_id", "token", unique=True),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    no: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(Text)
    alone: Mapped[bool] = mapped_column(server_default=text("false"))
    points_after: Mapped[int | None]
    copies: Mapped[int] = mapped_column(server_default=text("0"))
    at: Mapped[datetime]
