"""After-sales cases, their lines, and the terms that their clocks run by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.aftersales.states import LOCKING, Cause, Kind, State


def _among(values: Iterable[str]) -> str:
    return ", ".join(f"'{one}'" for one in values)


_LOCKING = ", ".join(f"'{one}'" for one in sorted(LOCKING))


class AftersaleCase(Base):
    """One wish of a customer after an order was paid, until it is answered and settled.  `state` moves in `moves.py`.

    It is whose the order is, also when members are merged.  `fault`: it is the merchant's, so every promotion is kept.
    `asked_fen` is what would have gone back when it was asked.  The store answers until `answer_by`, the buyer sends
    the goods until `send_by`, to `at_store_id`, where they are inspected.  While it `locks`, its units and amounts are
    nobody else's.  `return_id` is the document that gave the money back, `parcel_id` the parcel that went out.
    """

    __tablename__ = "aftersale_case"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint(f"kind IN ({_among(Kind)})", name="kind"),
        CheckConstraint(f"state IN ({_among(State)})", name="state"),
        CheckConstraint(f"cause IN ({_among(Cause)})", name="cause"),
        CheckConstraint("asked_fen >= 0 AND freight_fen >= 0", name="figures"),
        Index("ix_aftersale_case_id", "id"),
        Index("ix_aftersale_case_order", "store_id", "order_id"),
        Index("ix_aftersale_case_open", "at_store_id", "state", postgresql_where=text("closed_at IS NULL")),
        Index("ix_aftersale_case_answer", "answer_by", postgresql_where=text("state = 'applied'")),
        Index("ix_aftersale_case_send", "send_by", postgresql_where=text("state = 'wait_return'")),
        Index("ix_aftersale_case_refund", "id", postgresql_where=text("state IN ('refunding', 'refund_failed')")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    fault: Mapped[bool]
    at_store_id: Mapped[int]
    asked_fen: Mapped[int]
    freight_fen: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    carrier: Mapped[str] = mapped_column(Text, server_default=text("''"))
    tracking_no: Mapped[str] = mapped_column(Text, server_default=text("''"))
    decided_by: Mapped[int | None]
    inspected_by: Mapped[int | None]
    return_id: Mapped[int | None]
    parcel_id: Mapped[int | None]
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    send_by: Mapped[datetime | None]
    appealed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    locks: Mapped[bool] = mapped_column(Computed(f"state IN ({_LOCKING})", persisted=True))


class AftersaleLine(Base):
    """What a case is about of one order line: units, or an amount of money; the two never mean each other.

    Of the units that came, the inspector says how many go back to the shelf, into quarantine, or are written off; what
    is in none of them is not taken.
    """

    __tablename__ = "aftersale_line"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "case_id"], ["aftersale_case.store_id", "aftersale_case.id"]),
        Index("ix_aftersale_line_order", "store_id", "order_id", "line_no"),
        CheckConstraint("(qty > 0 AND amount_fen = 0) OR (qty = 0 AND amount_fen > 0)", name="one_of_both"),
        CheckConstraint(
            "sellable_qty >= 0 AND quarantine_qty >= 0 AND written_off_qty >= 0"
            " AND sellable_qty + quarantine_qty + written_off_qty <= qty",
            name="inspected",
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    qty: Mapped[int]
    amount_fen: Mapped[int]
    sellable_qty: Mapped[int] = mapped_column(server_default=text("0"))
    quarantine_qty: Mapped[int] = mapped_column(server_default=text("0"))
    written_off_qty: Mapped[int] = mapped_column(server_default=text("0"))


class AftersaleTerms(Base):
    """One version of the clocks and limits, in force from a moment on."""

    __tablename__ = "aftersale_terms"
    __table_args__ = (
        CheckConstraint(
            "answer_hours > 0 AND send_days > 0 AND apply_days > 0 AND price_days >= 0 AND approve_up_to_fen >= 0",
            name="figures",
        ),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_at: Mapped[datetime]
    answer_hours: Mapped[int]
    send_days: Mapped[int]
    apply_days: Mapped[int]
    price_days: Mapped[int]
    approve_up_to_fen: Mapped[int]
