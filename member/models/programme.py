"""The points programme: its terms, and what it counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class PointsTerms(Base):
    """One version of the terms (`member/terms.py` reads `body`).  A row is never changed; a trigger holds this."""

    __tablename__ = "points_terms"
    __table_args__ = (Index("ix_points_terms_from_at", "from_at"),)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_at: Mapped[datetime]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
