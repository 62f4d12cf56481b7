"""Invoices of orders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.invoices.states import LIVE, State

_STATES = ", ".join(f"'{state}'" for state in State)
_LIVE = ", ".join(f"'{state}'" for state in LIVE)


class Invoice(Base):
    """One request for an invoice of an order.  `state` changes only in `moves.py`.

    `amount_fen` is set when the service is told: what was paid and not refunded by then.  `tax_no` is a company's;
    where it goes is `email_sealed`, empty once its customer was forgotten.  `number` and `url` are the service's;
    `reason` is why it said no.  It is told while `told_at` is null, next at `try_at`.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(kind = 'company') = (tax_no <> '') AND kind IN ('person', 'company')", name="kind"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("state NOT IN ('issued', 'reversing', 'reversed') OR amount_fen IS NOT NULL", name="issued"),
        Index("uq_invoice_live", "store_id", "order_id", unique=True, postgresql_where=text(f"state IN ({_LIVE})")),
        Index("ix_invoice_owed", "try_at", postgresql_where=text("told_at IS NULL")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    tax_no: Mapped[str] = mapped_column(Text, server_default=text("''"))
    email_sealed: Mapped[bytes]
    amount_fen: Mapped[int | None]
    number: Mapped[str] = mapped_column(Text, server_default=text("''"))
    url: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    asked_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    try_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
