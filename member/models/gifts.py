"""What members were given for what they are or did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class TierGift(Base):
    """What a member got for reaching a tier: points under the source `gift:tier:<id>`, and coupons.

    `provisional` when only growth on its way held the tier: falling takes back what is unused (`void_at`).
    """

    __tablename__ = "tier_gift"
    __table_args__ = (
        CheckConstraint("points >= 0 AND points_back BETWEEN 0 AND points", name="points"),
        CheckConstraint("provisional OR void_at IS NULL", name="void"),
        Index("ix_tier_gift_member", "member_id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    tier: Mapped[str] = mapped_column(Text)
    provisional: Mapped[bool]
    points: Mapped[int]
    coupon_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    at: Mapped[datetime]
    void_at: Mapped[datetime | None]
    points_back: Mapped[int] = mapped_column(server_default=text("0"))
