"""What review said of an order, and by which rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.review.states import Review

_STATES = ", ".join(f"'{state}'" for state in Review)


class OrderReview(Base):
    """One order's review.  `state` changes only in `moves.py`.

    `reasons` are `[{"reason": <one of states.REASONS>, ...facts}]`: why it is or was held.  `owner` decides, a role
    until a person takes it at `taken_at`; `due_at` is by when.  What passed by itself was judged and decided at once.
    """

    __tablename__ = "order_review"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(
            "state <> 'hold' OR (jsonb_array_length(reasons) > 0 AND owner IS NOT NULL AND due_at IS NOT NULL)",
            name="held_for",
        ),
        CheckConstraint("(state IN ('auto_passed', 'passed', 'rejected')) = (decided_at IS NOT NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        Index("ix_order_review_held", "due_at", postgresql_where=text("state = 'hold'")),
        Index("ix_order_review_judged_at", "judged_at"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    judged_at: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(Text)
    taken_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")


class ReviewTerms(Base):
    """One version of the rules of review (`rules.Terms` as JSON); the newest is in force, none is ever changed."""

    __tablename__ = "review_terms"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
