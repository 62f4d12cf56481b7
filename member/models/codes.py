"""What proves that the member stands at the till: the dynamic code, its uses, and the authorisation it gives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class MemberCode(Base):
    """The secret behind a member's dynamic code.  `ref` stands in the code instead of the card number."""

    __tablename__ = "member_code"
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(Text, unique=True)
    secret_sealed: Mapped[bytes]
    made_at: Mapped[datetime]


class CodeUse(Base):
    """A step whose code was accepted: the key makes a second use impossible, the rest says where the first was."""

    __tablename__ = "member_code_use"
    __table_args__ = (Index("ix_member_code_use_at", "at"),)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    till_id: Mapped[int]
    place: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class SpendAuthorisation(Base):
    """Leave to spend what one member holds, at one till, for a few minutes and one sale.

    The token is worth nothing away from its till, whose own token authenticates the device, so it is kept as it is.
    """

    __tablename__ = "spend_authorisation"
    __table_args__ = (
        CheckConstraint("way IN ('code', 'manager')", name="way"),
        CheckConstraint("(way = 'manager') = (reason IS NOT NULL)", name="reason"),
        Index("ix_spend_authorisation_expires_at", "expires_at"),
    )
    token: Mapped[str] = mapped_column(Text, primary_key=True)
    member_id: Mapped[int]
    till_id: Mapped[int]
    way: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
