"""Stored value (储值): top-ups, the rules of their bonus, and which store's money was spent where."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base

BEARERS = "'hq', 'topping', 'spending'"
POLICIES = "'proportional', 'principal_first', 'bonus_first'"


class WalletTerms(Base):
    """One version of the terms of stored value; the newest that has begun is in force.

    `free_day_fen` may be spent at the tills in a day without the member's code; named cards hold at most
    `max_balance_fen`; more than `cash_out_max_fen` goes back to a bank account and not out of a drawer.
    """

    __tablename__ = "wallet_terms"
    __table_args__ = (
        CheckConstraint(f"policy IN ({POLICIES})", name="policy"),
        CheckConstraint("bonus_spent IN ('deduct', 'waive', 'refuse')", name="bonus_spent"),
        CheckConstraint("free_day_fen >= 0 AND max_balance_fen > 0 AND cash_out_max_fen >= 0", name="limits"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    from_at: Mapped[datetime]
    policy: Mapped[str] = mapped_column(Text)
    free_day_fen: Mapped[int]
    max_balance_fen: Mapped[int]
    cash_out_max_fen: Mapped[int]
    bonus_spent: Mapped[str] = mapped_column(Text)


class WalletLimit(Base):
    """What one member allows to be spent in a day without their code; never above the terms' own limit."""

    __tablename__ = "wallet_limit"
    __table_args__ = (CheckConstraint("free_day_fen >= 0", name="free_day_fen"),)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    free_day_fen: Mapped[int]
    at: Mapped[datetime]


class WalletFreeUse(Base):
    """What one member spent on one business day without their code."""

    __tablename__ = "wallet_free_use"
    __table_args__ = (CheckConstraint("used_fen >= 0", name="used_fen"),)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    used_fen: Mapped[int]


class TopUpRule(Base):
    """What a top-up brings beside its principal.  A version never changes; the newest of a code counts.

    Either for exactly `amount_fen` or from `from_fen` on; the bonus is `bonus_fen` or `bonus_bp` of the amount.
    """

    __tablename__ = "top_up_rule"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("(amount_fen IS NULL) <> (from_fen IS NULL)", name="amount"),
        CheckConstraint("(bonus_fen IS NULL) <> (bonus_bp IS NULL)", name="bonus"),
        CheckConstraint(
            "coalesce(amount_fen, from_fen) > 0 AND coalesce(bonus_fen, bonus_bp) >= 0"
            " AND coalesce(bonus_bp, 0) <= 10000",
            name="figures",
        ),
        CheckConstraint(f"bearer IN ({BEARERS})", name="bearer"),
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="window"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int | None]
    from_fen: Mapped[int | None]
    bonus_fen: Mapped[int | None]
    bonus_bp: Mapped[int | None]
    store_ids: Mapped[list[int] | None] = mapped_column(JSONB)
    bearer: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class TopUp(Base):
    """Money a member put into their wallet: at a till for cash, in the mall by WeChat.  No sale, and no points."""

    __tablename__ = "top_up"
    __table_args__ = (
        CheckConstraint("state IN ('placed', 'paid', 'cancelled')", name="state"),
        CheckConstraint("channel IN ('till', 'mall')", name="channel"),
        CheckConstraint("principal_fen > 0 AND bonus_fen >= 0", name="figures"),
        CheckConstraint(f"bearer IN ({BEARERS})", name="bearer"),
        Index("ix_top_up_member", "member_id", text("id DESC")),
        Index("ix_top_up_shift", "store_id", "shift_id", postgresql_where=text("shift_id IS NOT NULL")),
        Index("ix_top_up_unpaid", "pay_by", postgresql_where=text("state = 'placed'")),
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    channel: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    principal_fen: Mapped[int]
    bonus_fen: Mapped[int]
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("top_up_rule.id"))
    bearer: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None]
    till_id: Mapped[int | None]
    shift_id: Mapped[int | None]
    placed_at: Mapped[datetime]
    pay_by: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]


class TopUpRefund(Base):
    """What is left of a top-up goes back: refund_fen = principal_fen - deducted_fen, and the bonus is withdrawn.

    `deducted_fen` is bonus that was spent already; `consent` says that the customer agreed to it.
    """

    __tablename__ = "top_up_refund"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "top_up_id"], ["top_up.store_id", "top_up.id"]),
        Index("ix_top_up_refund_top_up", "store_id", "top_up_id"),
        CheckConstraint("refund_fen = principal_fen - deducted_fen AND refund_fen > 0", name="sums"),
        CheckConstraint("bonus_fen >= 0 AND deducted_fen >= 0", name="figures"),
        CheckConstraint("consent OR deducted_fen = 0", name="consent"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    top_up_id: Mapped[int]
    at_store_id: Mapped[int]
    shift_id: Mapped[int | None]
    staff_id: Mapped[int | None]
    principal_fen: Mapped[int]
    bonus_fen: Mapped[int]
    deducted_fen: Mapped[int]
    refund_fen: Mapped[int]
    consent: Mapped[bool]
    bank_ref: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]


class WalletDue(Base):
    """One lot's part in one payment, written when it is really spent; given back, the exact negative.

    `topped_store_id` took the money, `spent_store_id` gave the goods; `source` is the order, `document` the order or
    its return.  Append-only: a month's statement is a sum.
    """

    __tablename__ = "wallet_due"
    __table_args__ = (
        CheckConstraint("account IN ('stored_principal', 'stored_bonus')", name="account"),
        CheckConstraint(f"bearer IN ({BEARERS})", name="bearer"),
        Index("ix_wallet_due_topped", "topped_store_id", "at"),
        Index("ix_wallet_due_spent", "spent_store_id", "at"),
    )
    member_id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(Text)
    bearer: Mapped[str] = mapped_column(Text)
    topped_store_id: Mapped[int]
    spent_store_id: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    used_fen: Mapped[int]
    at: Mapped[datetime]
