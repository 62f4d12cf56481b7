"""What a till keeps in other stores while its customer pays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class TillReservation(Base):
    """Goods of other stores that are held under `id`, a number of the orders', until `until_at` or a sale takes them.

    A till has at most one that has not ended.
    """

    __tablename__ = "till_reservation"
    __table_args__ = (
        CheckConstraint("outcome IN ('sold', 'released', 'lapsed')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("until_at > at", name="until"),
        Index(
            "uq_till_reservation_open", "store_id", "till_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    till_id: Mapped[int]
    at: Mapped[datetime]
    until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)
