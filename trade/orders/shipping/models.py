"""What WeChat must be told about each mini-program payment, and whether it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.shipping.states import FROZEN, ShipState


class ShipUpload(Base):
    """One paid mini-program payment from its money to the moment WeChat was told of its goods.

    `turn` rises with everything that changes what is to be told (`wanted`), so that an upload under way (until
    `leased_until`) does not close what came after it began.  `tries` counts since the last success; `sent` is what
    WeChat took last, and `asked_at` the stamp of the newest telling, taken or not: WeChat wants each later than the
    one before.
    """

    __tablename__ = "ship_upload"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "tender_id"], ["tender.store_id", "tender.id"]),
        CheckConstraint(f"state IN ({', '.join(repr(str(one)) for one in ShipState)})", name="state"),
        CheckConstraint("(state = 'due') = (try_at IS NOT NULL)", name="due"),
        CheckConstraint("corrections BETWEEN 0 AND 1", name="one_correction"),
        Index("ix_ship_upload_due", "try_at", postgresql_where=text("state = 'due'")),
        Index(
            "ix_ship_upload_frozen",
            "paid_at",
            postgresql_where=text(f"state IN ({', '.join(repr(str(one)) for one in sorted(FROZEN))})"),
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    tender_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(Text)
    paid_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    try_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    confirm_asked_at: Mapped[datetime | None]
    turn: Mapped[int] = mapped_column(server_default=text("0"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    corrections: Mapped[int] = mapped_column(server_default=text("0"))
    code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sent: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class ShipDuty(Base):
    """Whether WeChat holds this mini-program to the duty, as it said last; one row, none before it was asked."""

    __tablename__ = "ship_duty"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    managed: Mapped[bool]
    asked_at: Mapped[datetime]
