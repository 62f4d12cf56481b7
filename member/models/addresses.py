"""Where members have their goods brought or sent to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class MemberAddress(Base):
    """One address of a member's book, all of it `sealed` (`member/address_book.py`); at most one is the default."""

    __tablename__ = "member_address"
    __table_args__ = (
        Index("uq_member_address_default", "member_id", unique=True, postgresql_where=text("is_default")),
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sealed: Mapped[bytes]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    at: Mapped[datetime]
