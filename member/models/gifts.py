"""What members were given for what they are or did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
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


class RewardMark(Base):
    """A phone, WeChat account or device, as a keyed hash, that had a newcomer's reward; kept for thirteen months."""

    __tablename__ = "reward_mark"
    __table_args__ = (
        CheckConstraint("kind IN ('phone', 'openid', 'device')", name="kind"),
        Index("ix_reward_mark_at", "at"),
    )
    reward: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    print: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class CouponCampaign(Base):
    """One run of a campaign on a segment, named by its starter's `key`; everybody up to `after_member_id` is done."""

    __tablename__ = "coupon_campaign"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("silent >= 0 AND issued >= 0 AND left_out >= 0", name="counts"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended"),
        Index("ix_coupon_campaign_open", "id", postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    template_id: Mapped[int] = mapped_column(ForeignKey("coupon_template.id"))
    segment_id: Mapped[int] = mapped_column(ForeignKey("segment.id"))
    size: Mapped[int]
    held_out: Mapped[int]
    after_member_id: Mapped[int] = mapped_column(server_default=text("0"))
    silent: Mapped[int] = mapped_column(server_default=text("0"))
    issued: Mapped[int] = mapped_column(server_default=text("0"))
    left_out: Mapped[int] = mapped_column(server_default=text("0"))
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None] = mapped_column(Text)


class CampaignGift(Base):
    """The coupon that a run gave a member: at most one."""

    __tablename__ = "coupon_campaign_gift"
    campaign_id: Mapped[int] = mapped_column(ForeignKey("coupon_campaign.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int]
