"""Notes and sellers of till sales, and voided tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class OrderNote(Base):
    """What was noted with an order (`line_no` 0) or one of its lines; `printed`: the receipt says it, too."""

    __tablename__ = "order_note"
    __table_args__ = (
        CheckConstraint("note <> '' AND line_no >= 0", name="said"),
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(Text)
    printed: Mapped[bool]


class LineSeller(Base):
    """Who sold a line, as it stands now: at most three, whose basis points sum to 10,000.

    A line without a row is whose the customer is: the bound guide's, else the cashier's.  What each was credited stands
    in `credit_share`, which a change here begins anew and never overwrites.
    """

    __tablename__ = "line_seller"
    __table_args__ = (
        CheckConstraint("seq BETWEEN 1 AND 3 AND bp BETWEEN 1 AND 10000", name="parts"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "line_no"], ["order_line.store_id", "order_line.order_id", "order_line.line_no"]
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    bp: Mapped[int]


class VoidedTicket(Base):
    """A basket that was thrown away: what lay in it, why, and after the subtotal by whose word (`approver_id`).

    `reason` is a word to choose, in which nobody can be named, because nothing here says whose basket it was.
    `alone`: it happened without network, or could not be told then, and was told afterwards.
    """

    __tablename__ = "voided_ticket"
    __table_args__ = (
        CheckConstraint("approver_id IS NOT NULL OR NOT after_subtotal", name="approved"),
        CheckConstraint("reason IN ('left', 'wrong', 'money', 'again', 'other')", name="reason"),
        ForeignKeyConstraint(["store_id", "till_id"], ["till.store_id", "till.id"]),
        Index("ix_voided_ticket_shift", "store_id", "shift_id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    till_id: Mapped[int]
    shift_id: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    after_subtotal: Mapped[bool]
    alone: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[Any]] = mapped_column(JSONB)
    payable_fen: Mapped[int]
    at: Mapped[datetime]
