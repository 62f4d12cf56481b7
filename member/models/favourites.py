"""What members keep for later."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class MemberFavourite(Base):
    """A product that a member keeps (`member/favourites.py`)."""

    __tablename__ = "member_favourite"
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
