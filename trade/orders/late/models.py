"""Money that came when nothing waited for it, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.late.states import Cause, LateState


class LatePayment(Base):
    """One payment that was late or too much, from its arrival to the moment it is settled.

    `why` is the code of what stood in the way of the order (`out_of_stock`, `coupon_taken`, `promise_past` ...), empty
    when it goes on.  It is settled when the order goes on, or when WeChat has taken the refund in full; `settle_by` is
    ten minutes after it came.
    """

    __tablename__ = "late_payment"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "tender_id"], ["tender.store_id", "tender.id"]),
        CheckConstraint(f"state IN ({', '.join(repr(str(one)) for one in LateState)})", name="state"),
        CheckConstraint(f"cause IN ({', '.join(repr(str(one)) for one in Cause)})", name="cause"),
        CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("ix_late_payment_order", "store_id", "order_id"),
        Index("ix_late_payment_open", "settle_by", postgresql_where=text("state = 'open'")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    tender_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_id: Mapped[int | None]
    top_up_id: Mapped[int | None]
    amount_fen: Mapped[int]
    cause: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text, server_default=text("''"))
    state: Mapped[str] = mapped_column(Text)
    arrived_at: Mapped[datetime]
    settle_by: Mapped[datetime]
    settled_at: Mapped[datetime | None]
