"""Terms of returns, and returns without a receipt."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class ReturnTerms(Base):
    """What tills take back, in force from `from_at`; a version never changes.

    After `window_days` a return needs a manager.  Without a receipt goods are worth the least of `blind_days`; a person
    gets at most `person_fen` so within `person_days`, all persons together `store_fen` of one store and business day.
    """

    __tablename__ = "return_terms"
    __table_args__ = (
        CheckConstraint("window_days > 0 AND blind_days > 0 AND person_days > 0", name="days"),
        CheckConstraint("person_fen >= 0 AND store_fen >= 0", name="caps"),
        Index("ix_return_terms_from", "from_at"),
    )
    version: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_at: Mapped[datetime]
    window_days: Mapped[int]
    blind_days: Mapped[int]
    person_fen: Mapped[int]
    person_days: Mapped[int]
    store_fen: Mapped[int]
    written_by: Mapped[str] = mapped_column(Text)


class BlindReturn(Base):
    """Goods that came back without a sale, for `amount_fen` of bonus in a member's wallet."""

    __tablename__ = "blind_return"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("ix_blind_return_member", "member_id", "at"),
        Index("ix_blind_return_at", "store_id", "at"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    till_id: Mapped[int]
    shift_id: Mapped[int]
    staff_id: Mapped[int]
    approver_id: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int]
    terms_version: Mapped[int]
    at: Mapped[datetime]


class BlindLine(Base):
    """Units of one sku, `aside` of them not for sale, and what one piece or kg was worth at least."""

    __tablename__ = "blind_line"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "blind_id"], ["blind_return.store_id", "blind_return.id"]),
        CheckConstraint("qty > 0 AND aside BETWEEN 0 AND qty", name="qty"),
        CheckConstraint("unit_fen > 0 AND amount_fen >= 0", name="amounts"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    blind_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(primary_key=True)
    qty: Mapped[int]
    aside: Mapped[int]
    unit_fen: Mapped[int]
    amount_fen: Mapped[int]
