"""Who invited whom, and what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Referral(Base):
    """One member was invited by another, once for ever.  `outcome` is empty while the first order is waited for.

    `paid_to` and `friend_id` are who the two had become when it was settled (members merge); `points` went to the
    first, `friend_points` to the second, for the order named.
    """

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint("inviter_id <> invited_id", name="self"),
        CheckConstraint("outcome IN ('paid', 'capped', 'late', 'void')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (settled_at IS NULL)", name="settled"),
        CheckConstraint("points >= 0 AND friend_points >= 0", name="points"),
        Index("ix_referral_inviter", "inviter_id", text("at DESC")),
        Index("ix_referral_waiting", "at", postgresql_where=text("outcome IS NULL")),
        Index("ix_referral_friend", "friend_id", postgresql_where=text("outcome = 'paid'")),
        Index("ix_referral_paid", "paid_to", "settled_at", postgresql_where=text("outcome = 'paid'")),
    )
    invited_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, autoincrement=False)
    inviter_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None]
    paid_to: Mapped[int | None]
    friend_id: Mapped[int | None]
    store_id: Mapped[int | None]
    order_id: Mapped[int | None]
    points: Mapped[int] = mapped_column(server_default=text("0"))
    friend_points: Mapped[int] = mapped_column(server_default=text("0"))
