"""Payments by the printed code."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.payments.static_qr.states import State

_NAMES = ", ".join(sorted(f"'{state}'" for state in State))


class StaticQr(Base):
    """One payment that a cashier saw on a customer's phone; `bill_no` is the row of a bill of trades that proves it.

    `at` is when it was rung up by our clock, `settled_at` when it was proved or seen.
    """

    __tablename__ = "static_qr"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "tender_id"], ["tender.store_id", "tender.id"]),
        CheckConstraint(f"state IN ({_NAMES})", name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("(state = 'proved') = (bill_no IS NOT NULL)", name="proved"),
        Index("uq_static_qr_bill", "bill_no", unique=True, postgresql_where=text("bill_no IS NOT NULL")),
        Index("ix_static_qr_open", "at", postgresql_where=text("state IN ('unproved', 'missing')")),
        Index("ix_static_qr_till", "store_id", "till_id", "at"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    tender_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    till_id: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int]
    at: Mapped[datetime]
    bill_no: Mapped[str | None] = mapped_column(Text)
    transaction_id: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None]
