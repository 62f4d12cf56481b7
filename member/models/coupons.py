"""Coupons: what is promised (template), what a member holds (coupon), and what happened to it (event)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from member.coupons.states import EVENTS, CouponState, GivenRule, Kind, ReturnRule, StackClass, TemplateState


def _one_of(words: Any) -> str:
    return ", ".join(f"'{word}'" for word in words)


class CouponTemplate(Base):
    """One version of an offer.  What it is worth is fixed once it leaves `draft`; a change is a new version.

    `off_fen` is what comes off (threshold_off, cash, and at most so much of the freight); `rate_bp` is what the
    customer still pays (8500 is 85 折), `cap_fen` the most it takes off, 0 for no cap.  `goods` are
    `[{"sku_id", "qty"}]`: what goods and gift coupons stand for.  `scope` is
    `{"include": {"categories", "skus"}, "exclude": {...}}`; an empty include means everything.  Empty `store_ids`
    or `channels` mean all.  `remaining` counts down from `issue_limit` (both empty: as many as are asked for);
    making a bearer code takes from it.  `given_from_fen`: an order that paid at least this brings one, and `given_rule`
    says whether a return withholds the worth of one that was used.  The funding shares say who bears what it takes
    off, and sum to 10000.
    """

    __tablename__ = "coupon_template"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint(f"kind IN ({_one_of(Kind)})", name="kind"),
        CheckConstraint(f"stack_class IN ({_one_of(StackClass)})", name="stack_class"),
        CheckConstraint(f"state IN ({_one_of(TemplateState)})", name="state"),
        CheckConstraint(f"return_rule IN ({_one_of(ReturnRule)})", name="return_rule"),
        CheckConstraint(f"given_rule IN ({_one_of(GivenRule)})", name="given_rule"),
        CheckConstraint(
            "CASE kind WHEN 'threshold_off' THEN off_fen > 0 AND threshold_fen >= off_fen"
            " WHEN 'rate' THEN rate_bp BETWEEN 1 AND 9999 WHEN 'cash' THEN off_fen > 0 AND threshold_fen = 0"
            " WHEN 'freight' THEN off_fen > 0 ELSE jsonb_array_length(goods) > 0 END",
            name="worth",
        ),
        CheckConstraint("threshold_fen >= 0 AND off_fen >= 0 AND cap_fen >= 0 AND grace_days >= 0", name="signs"),
        CheckConstraint(
            "(valid_days IS NULL) = (valid_until_at IS NOT NULL) AND (valid_days IS NULL OR valid_days > 0)",
            name="valid",
        ),
        CheckConstraint("remaining >= 0 AND remaining <= issue_limit", name="remaining"),
        CheckConstraint("(remaining IS NULL) = (issue_limit IS NULL)", name="limit"),
        CheckConstraint("claims_per_member > 0", name="claims"),
        CheckConstraint("claims_per_device > 0", name="device_claims"),
        CheckConstraint(
            "hq_bp >= 0 AND store_bp >= 0 AND supplier_bp >= 0 AND hq_bp + store_bp + supplier_bp = 10000",
            name="funding",
        ),
        Index(
            "ix_coupon_template_given",
            "given_from_fen",
            postgresql_where=text("state = 'live' AND given_from_fen IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    stack_class: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default="draft")
    threshold_fen: Mapped[int] = mapped_column(default=0)
    off_fen: Mapped[int] = mapped_column(default=0)
    rate_bp: Mapped[int] = mapped_column(default=10_000)
    cap_fen: Mapped[int] = mapped_column(default=0)
    goods: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    scope: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    store_ids: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    channels: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    zone: Mapped[str] = mapped_column(Text, default="Asia/Shanghai")
    valid_from_at: Mapped[datetime | None]
    valid_until_at: Mapped[datetime | None]
    valid_days: Mapped[int | None]
    claim_from_at: Mapped[datetime | None]
    claim_until_at: Mapped[datetime | None]
    in_centre: Mapped[bool] = mapped_column(default=True)
    issue_limit: Mapped[int | None]
    remaining: Mapped[int | None]
    claims_per_member: Mapped[int] = mapped_column(default=1)
    claims_per_device: Mapped[int | None]
    uses_per_member: Mapped[int | None]
    uses_per_day: Mapped[int | None]
    uses_per_store: Mapped[int | None]
    given_from_fen: Mapped[int | None]
    hq_bp: Mapped[int] = mapped_column(default=10_000)
    store_bp: Mapped[int] = mapped_column(default=0)
    supplier_bp: Mapped[int] = mapped_column(default=0)
    given_rule: Mapped[str] = mapped_column(Text, default="withhold")
    return_rule: Mapped[str] = mapped_column(Text, default="old_expiry")
    grace_days: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime]


class Coupon(Base):
    """One coupon of one member.  `state` changes only in `member/coupons/moves.py`.

    `store_id` and `order_id` name the order that locked or used it.  `seq` counts a member's coupons of a template.
    `reissue_of_id` is the coupon whose return (or transfer) this one makes good; `given_by_*` the order that brought
    it; `origin_member_id` who had it before a merge.
    """

    __tablename__ = "coupon"
    __table_args__ = (
        UniqueConstraint("template_id", "member_id", "seq"),
        UniqueConstraint("code_hash"),
        CheckConstraint(f"state IN ({_one_of(CouponState)})", name="state"),
        CheckConstraint("(state IN ('locked', 'used', 'returned')) = (order_id IS NOT NULL)", name="held"),
        CheckConstraint("(order_id IS NULL) = (held_at IS NULL)", name="held_at"),
        Index("ix_coupon_usable", "member_id", "valid_until_at", postgresql_where=text("state = 'issued'")),
        Index("ix_coupon_due", "valid_until_at", postgresql_where=text("state = 'issued'")),
        Index("ix_coupon_order", "store_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index(
            "uq_coupon_given",
            "given_by_store_id",
            "given_by_order_id",
            "template_id",
            unique=True,
            postgresql_where=text("given_by_order_id IS NOT NULL AND reissue_of_id IS NULL"),
        ),
        Index("ix_coupon_uses", "template_id", "held_at", postgresql_where=text("state IN ('locked', 'used')")),
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("coupon_template.id"))
    seq: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    valid_from_at: Mapped[datetime]
    valid_until_at: Mapped[datetime]
    code_hash: Mapped[bytes | None]
    store_id: Mapped[int | None]
    order_id: Mapped[int | None]
    held_at: Mapped[datetime | None]
    reissue_of_id: Mapped[int | None]
    given_by_store_id: Mapped[int | None]
    given_by_order_id: Mapped[int | None]
    origin_member_id: Mapped[int]
    claimed_at: Mapped[datetime]


class CouponEvent(Base):
    """One thing that happened to a coupon, for ever.  `key` makes a repeat impossible."""

    __tablename__ = "coupon_event"
    __table_args__ = (
        UniqueConstraint("coupon_id", "key"),
        CheckConstraint(f"event IN ({_one_of(EVENTS)})", name="event"),
        Index("ix_coupon_event_member", "member_id", "coupon_id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int]
    coupon_id: Mapped[int]
    event: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    store_id: Mapped[int | None]
    order_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class CouponClaim(Base):
    """How many of a template a member has claimed, and the last `seq` given: the guard against two tabs."""

    __tablename__ = "coupon_claim"
    template_id: Mapped[int] = mapped_column(ForeignKey("coupon_template.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    claimed: Mapped[int]
    last_seq: Mapped[int]


class CouponDevice(Base):
    """How many of a template were claimed on one phone, whoever was signed in.  Only the phone's keyed hash is kept."""

    __tablename__ = "coupon_device"
    __table_args__ = (CheckConstraint("claimed > 0", name="claimed"),)
    template_id: Mapped[int] = mapped_column(ForeignKey("coupon_template.id"), primary_key=True)
    device_hash: Mapped[bytes] = mapped_column(primary_key=True)
    claimed: Mapped[int]


class CouponCode(Base):
    """A bearer code on paper: whoever types it first claims a coupon.  Only its keyed hash is kept."""

    __tablename__ = "coupon_code"
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("coupon_template.id"))
    made_at: Mapped[datetime]
    claimed_by_member_id: Mapped[int | None]
    claimed_at: Mapped[datetime | None]


class CouponAttempt(Base):
    """One wrong coupon code of one member; counted so that codes cannot be guessed."""

    __tablename__ = "coupon_attempt"
    __table_args__ = (Index("ix_coupon_attempt_member", "member_id", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int]
    at: Mapped[datetime]
