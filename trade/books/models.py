"""What the proofs found and nobody has explained yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class BookException(Base):
    """One difference in one book, from the proof that found it to the proof or the person that closed it.

    While it is open there is one row of a (book, key), however often it is seen.  `at_stake` counts `unit`:
    fen, goods, or the ledger account's own unit.
    """

    __tablename__ = "book_exception"
    __table_args__ = (
        CheckConstraint("at_stake >= 0", name="at_stake"),
        CheckConstraint("(resolved_at IS NULL) = (resolver IS NULL)", name="resolved"),
        Index("uq_book_exception_open", "book", "key", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("ix_book_exception_opened_at", "opened_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    book: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    at_stake: Mapped[int]
    unit: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    due_at: Mapped[datetime]
    owner: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None]
    resolver: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
