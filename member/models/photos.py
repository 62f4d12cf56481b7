"""Photos that members send with their words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Photo(Base):
    """One photo as it is shown: a JPEG without anything that the camera wrote beside the picture.

    `token` is its address, too long to guess.  `owner` is what it belongs to, for example `aftersale:12`, and empty
    until something was sent with it; `place` is its order there.
    """

    __tablename__ = "photo"
    __table_args__ = (
        UniqueConstraint("token"),
        CheckConstraint("width > 0 AND height > 0 AND size > 0", name="figures"),
        Index("ix_photo_owner", "owner", "place", postgresql_where=text("owner <> ''")),
        Index("ix_photo_loose", "member_id", postgresql_where=text("owner = ''")),
        Index("ix_photo_member", "member_id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    token: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text, server_default=text("''"))
    place: Mapped[int] = mapped_column(server_default=text("0"))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    data: Mapped[bytes]
    kept_at: Mapped[datetime]
