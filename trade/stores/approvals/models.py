"""Questions to a manager, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.stores.approvals.states import State

_NAMES = ", ".join(sorted(f"'{state}'" for state in State))


class Approval(Base):
    """One action that a cashier asked a manager for.

    `subject` says which thing it is about (`held:<id>`, `order:<id>`), `what` what would change, as the cashier saw it;
    `done` is what was changed, as the server saw it.  `alone`: given at a till without network, and told afterwards.
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint(f"state IN ({_NAMES})", name="state"),
        CheckConstraint("approver_id IS NOT NULL OR state IN ('asked', 'withdrawn')", name="approver"),
        CheckConstraint("(used_at IS NOT NULL) = (state = 'used')", name="used"),
        ForeignKeyConstraint(["store_id", "till_id"], ["till.store_id", "till.id"]),
        Index("ix_approval_asked", "store_id", postgresql_where=text("state = 'asked'")),
        Index("ix_approval_alone", "store_id", "used_at", postgresql_where=text("alone")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    till_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    what: Mapped[dict[str, Any]] = mapped_column(JSONB)
    done: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    alone: Mapped[bool] = mapped_column(server_default=text("false"))
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    until_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
