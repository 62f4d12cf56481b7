"""The desk's one table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.exceptions.kinds import KINDS

_NAMES = ", ".join(f"'{name}'" for name in KINDS)


class ExceptionCase(Base):
    """One thing that went wrong, from whoever found it to the person or the machine that closed it.

    While it is open there is one row of a (kind, subject), however often it is seen.  `money_fen` is the money at
    stake; `at_stake` counts `unit`, which is fen itself, goods, points or rows.  `store_id` and `order_id` are the
    order's key, `at_store_id` the store that has the work; all three are empty for what concerns the whole chain.
    `owner` is who answers: a role until somebody takes it at `taken_at`, then an actor.  `tries` counts automatic
    tries that failed, `next_try_at` is when the machine tries again by itself.
    """

    __tablename__ = "exception_case"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_NAMES})", name="kind"),
        CheckConstraint("money_fen >= 0 AND at_stake >= 0 AND tries >= 0", name="not_negative"),
        CheckConstraint("unit <> 'fen' OR at_stake = money_fen", name="unit"),
        CheckConstraint("(resolved_at IS NULL) = (resolver IS NULL)", name="resolved"),
        CheckConstraint("resolved_at IS NULL OR next_try_at IS NULL", name="no_try_after_the_end"),
        Index("uq_exception_case_open", "kind", "subject", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("ix_exception_case_waiting", "due_at", "id", postgresql_where=text("resolved_at IS NULL")),
        Index("ix_exception_case_order", "store_id", "order_id"),
        Index("ix_exception_case_opened_at", "opened_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    store_id: Mapped[int | None]
    order_id: Mapped[int | None]
    at_store_id: Mapped[int | None]
    money_fen: Mapped[int] = mapped_column(default=0)
    at_stake: Mapped[int] = mapped_column(default=0)
    unit: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    due_at: Mapped[datetime]
    owner: Mapped[str] = mapped_column(Text)
    taken_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    resolved_at: Mapped[datetime | None]
    resolver: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
