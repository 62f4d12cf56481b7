"""Rules, shares and entries of credit, and what decides whose customer somebody is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class CreditRule(Base):
    """One version of how credit is shared, never changed; the newest that has begun at a payment counts for it.

    `sources` are asked in their order for the owner of the customer; a scanned code counts for `scene_days`.
    `shares` are [role, basis points], their sum 10,000; the fee goes from the head office to the fulfilling store.
    """

    __tablename__ = "credit_rule"
    __table_args__ = (
        CheckConstraint("fee_kind IN ('none', 'order', 'item', 'bp') AND fee >= 0", name="fee"),
        CheckConstraint("scene_days >= 0", name="scene_days"),
        Index("ix_credit_rule_from_at", "from_at"),
    )
    version: Mapped[int] = mapped_column(Identity(), primary_key=True)
    preset: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scene_days: Mapped[int]
    shares: Mapped[list[Any]] = mapped_column(JSONB)
    fee_kind: Mapped[str] = mapped_column(Text)
    fee: Mapped[int]
    from_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class CreditShare(Base):
    """A party's part of one order, frozen at payment; `store_id` 0 among the parties is the head office.

    `generation` 1 is that of the payment; goods that another store hands over make the next, and the newest counts.
    `why` says how the owner was found; the basis points of a generation sum to 10,000.  Rows with a `line_no` are the
    sellers of that line, whose basis points sum to 10,000 of what the owner of the order would have of it.
    """

    __tablename__ = "credit_share"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint("bp BETWEEN 0 AND 10000", name="bp"),
        CheckConstraint("(role = 'seller') = (line_no > 0)", name="line"),
        CheckConstraint("role IN ('scene', 'guide', 'home', 'fulfilling', 'hq', 'seller')", name="role"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(server_default=text("0"))
    role: Mapped[str] = mapped_column(Text)
    party_store_id: Mapped[int]
    party_staff_id: Mapped[int | None]
    bp: Mapped[int]
    why: Mapped[str] = mapped_column(Text)
    rule_version: Mapped[int]
    from_at: Mapped[datetime]


class CreditEntry(Base):
    """What one document (a payment, a return, a cancellation, another store's hand-over) credits a party; append-only.

    `base_fen` is what the document changed of the order's base.  Fees are entries of their own, `kind` `fee`, which sum
    to 0.  `period` is the month it is counted in; one that came after its month was closed names that as `adjusts`.
    """

    __tablename__ = "credit_entry"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint("kind IN ('share', 'fee')", name="kind"),
        CheckConstraint("adjusts < period", name="adjusts"),
        Index("ix_credit_entry_party", "party_store_id", "period"),
        Index("ix_credit_entry_period", "period"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    party_store_id: Mapped[int]
    party_staff_id: Mapped[int | None]
    base_fen: Mapped[int]
    amount_fen: Mapped[int]
    at: Mapped[datetime]
    period: Mapped[date]
    adjusts: Mapped[date | None]


class CreditMonth(Base):
    """A month whose statements are closed: nothing is counted in it any more."""

    __tablename__ = "credit_month"
    period: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]
    closed_by: Mapped[str] = mapped_column(Text)


class GuideBinding(Base):
    """Whose customer a member is, from one moment to the next; at most one guide at a time."""

    __tablename__ = "guide_binding"
    __table_args__ = (
        Index("uq_guide_binding_open", "member_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    member_id: Mapped[int] = mapped_column(primary_key=True)
    bound_at: Mapped[datetime] = mapped_column(primary_key=True)
    staff_id: Mapped[int]
    ended_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(Text)


class SceneVisit(Base):
    """A member scanned the code of a store, or of a guide there."""

    __tablename__ = "scene_visit"
    member_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    staff_id: Mapped[int | None]
