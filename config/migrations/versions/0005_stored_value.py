"""Stored value (储值): terms, rules, top-ups and their refunds; orders and tenders that it pays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Existing orders and tenders were paid without stored value."""
    _terms_and_rules()
    _top_ups()
    _orders()
    _tenders()


def _terms_and_rules() -> None:
    op.create_table(
        "wallet_terms",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("free_day_fen", sa.BigInteger(), nullable=False),
        sa.Column("max_balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("cash_out_max_fen", sa.BigInteger(), nullable=False),
        sa.Column("bonus_spent", sa.Text(), nullable=False),
        sa.CheckConstraint("bonus_spent IN ('deduct', 'waive', 'refuse')", name=op.f("ck_wallet_terms_bonus_spent")),
        sa.CheckConstraint(
            "policy IN ('proportional', 'principal_first', 'bonus_first')", name=op.f("ck_wallet_terms_policy")
        ),
        sa.CheckConstraint(
            "free_day_fen >= 0 AND max_balance_fen > 0 AND cash_out_max_fen >= 0", name=op.f("ck_wallet_terms_limits")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_terms")),
    )
    op.create_table(
        "wallet_limit",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("free_day_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("free_day_fen >= 0", name=op.f("ck_wallet_limit_free_day_fen")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_wallet_limit_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_wallet_limit")),
    )
    op.create_table(
        "wallet_free_use",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used_fen >= 0", name=op.f("ck_wallet_free_use_used_fen")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_wallet_free_use_member_id")),
        sa.PrimaryKeyConstraint("member_id", "day", name=op.f("pk_wallet_free_use")),
    )
    op.create_table(
        "top_up_rule",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("from_fen", sa.BigInteger(), nullable=True),
        sa.Column("bonus_fen", sa.BigInteger(), nullable=True),
        sa.Column("bonus_bp", sa.BigInteger(), nullable=True),
        sa.Column("store_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("bearer", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("bearer IN ('hq', 'topping', 'spending')", name=op.f("ck_top_up_rule_bearer")),
        sa.CheckConstraint("(amount_fen IS NULL) <> (from_fen IS NULL)", name=op.f("ck_top_up_rule_amount")),
        sa.CheckConstraint("(bonus_fen IS NULL) <> (bonus_bp IS NULL)", name=op.f("ck_top_up_rule_bonus")),
        sa.CheckConstraint(
            "coalesce(amount_fen, from_fen) > 0 AND coalesce(bonus_fen, bonus_bp) >= 0 AND coalesce(bonus_bp, 0) <= 10000",
            name=op.f("ck_top_up_rule_figures"),
        ),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name=op.f("ck_top_up_rule_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up_rule")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_top_up_rule_code_version")),
    )


def _top_ups() -> None:
    op.create_table(
        "top_up",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("bonus_fen", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("bearer", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("till_id", sa.BigInteger(), nullable=True),
        sa.Column("shift_id", sa.BigInteger(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pay_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("bearer IN ('hq', 'topping', 'spending')", name=op.f("ck_top_up_bearer")),
        sa.CheckConstraint("channel IN ('till', 'mall')", name=op.f("ck_top_up_channel")),
        sa.CheckConstraint("state IN ('placed', 'paid', 'cancelled')", name=op.f("ck_top_up_state")),
        sa.CheckConstraint("principal_fen > 0 AND bonus_fen >= 0", name=op.f("ck_top_up_figures")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_top_up_member_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["top_up_rule.id"], name=op.f("fk_top_up_rule_id")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_top_up_store_id")),
        sa.PrimaryKeyConstraint("store_id", "id", name=op.f("pk_top_up")),
    )
    op.create_index("ix_top_up_member", "top_up", ["member_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "ix_top_up_shift",
        "top_up",
        ["store_id", "shift_id"],
        unique=False,
        postgresql_where=sa.text("shift_id IS NOT NULL"),
    )
    op.create_index(
        "ix_top_up_unpaid", "top_up", ["pay_by"], unique=False, postgresql_where=sa.text("state = 'placed'")
    )
    op.create_table(
        "top_up_refund",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("top_up_id", sa.BigInteger(), nullable=False),
        sa.Column("at_store_id", sa.BigInteger(), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("bonus_fen", sa.BigInteger(), nullable=False),
        sa.Column("deducted_fen", sa.BigInteger(), nullable=False),
        sa.Column("refund_fen", sa.BigInteger(), nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("bank_ref", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("bonus_fen >= 0 AND deducted_fen >= 0", name=op.f("ck_top_up_refund_figures")),
        sa.CheckConstraint("consent OR deducted_fen = 0", name=op.f("ck_top_up_refund_consent")),
        sa.CheckConstraint(
            "refund_fen = principal_fen - deducted_fen AND refund_fen > 0", name=op.f("ck_top_up_refund_sums")
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "top_up_id"],
            ["top_up.store_id", "top_up.id"],
            name=op.f("fk_top_up_refund_store_id_top_up_id"),
        ),
        sa.PrimaryKeyConstraint("store_id", "id", name=op.f("pk_top_up_refund")),
    )
    op.create_index("ix_top_up_refund_top_up", "top_up_refund", ["store_id", "top_up_id"])
    op.create_table(
        "wallet_due",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("bearer", sa.Text(), nullable=False),
        sa.Column("topped_store_id", sa.BigInteger(), nullable=False),
        sa.Column("spent_store_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("used_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("account IN ('stored_principal', 'stored_bonus')", name=op.f("ck_wallet_due_account")),
        sa.CheckConstraint("bearer IN ('hq', 'topping', 'spending')", name=op.f("ck_wallet_due_bearer")),
        sa.PrimaryKeyConstraint("member_id", "entry_id", "lot_id", name=op.f("pk_wallet_due")),
    )
    op.create_index("ix_wallet_due_spent", "wallet_due", ["spent_store_id", "at"], unique=False)
    op.create_index("ix_wallet_due_topped", "wallet_due", ["topped_store_id", "at"], unique=False)


def _orders() -> None:
    op.create_table(
        "wallet_share",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("bonus_fen", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "policy IN ('proportional', 'principal_first', 'bonus_first')", name=op.f("ck_wallet_share_policy")
        ),
        sa.CheckConstraint(
            "principal_fen >= 0 AND bonus_fen >= 0 AND principal_fen + bonus_fen > 0",
            name=op.f("ck_wallet_share_figures"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id", "line_no"],
            ["order_line.store_id", "order_line.order_id", "order_line.line_no"],
            name=op.f("fk_wallet_share_store_id_order_id_line_no"),
        ),
        sa.PrimaryKeyConstraint("store_id", "order_id", "line_no", name=op.f("pk_wallet_share")),
    )
    op.add_column(
        "return_line", sa.Column("principal_back_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "return_line", sa.Column("bonus_back_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "sale_order", sa.Column("wallet_principal_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "sale_order", sa.Column("wallet_bonus_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "sale_return", sa.Column("principal_back_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "sale_return", sa.Column("bonus_back_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_sale_order_wallet"),
        "sale_order",
        "wallet_principal_fen >= 0 AND wallet_bonus_fen >= 0 AND wallet_principal_fen + wallet_bonus_fen <= payable_fen",
    )
    op.create_check_constraint(
        op.f("ck_sale_return_wallet"),
        "sale_return",
        "principal_back_fen >= 0 AND bonus_back_fen >= 0 AND principal_back_fen + bonus_back_fen <= refund_fen",
    )


def _tenders() -> None:
    for table in ("tender", "refund"):
        op.add_column(table, sa.Column("top_up_id", sa.BigInteger(), nullable=True))
        op.alter_column(table, "order_id", existing_type=sa.BigInteger(), nullable=True)
    op.drop_constraint(op.f("ck_tender_kind"), "tender")
    op.create_check_constraint(op.f("ck_tender_kind"), "tender", "kind IN ('cash', 'wechat', 'wallet')")
    op.create_check_constraint(op.f("ck_tender_what_for"), "tender", "(order_id IS NULL) <> (top_up_id IS NULL)")
    op.create_check_constraint(op.f("ck_tender_wallet_order"), "tender", "kind <> 'wallet' OR top_up_id IS NULL")
    op.create_index(
        "ix_tender_top_up",
        "tender",
        ["store_id", "top_up_id"],
        unique=False,
        postgresql_where=sa.text("top_up_id IS NOT NULL"),
    )
    op.create_index(
        "uq_tender_open_top_up",
        "tender",
        ["store_id", "top_up_id"],
        unique=True,
        postgresql_where=sa.text("top_up_id IS NOT NULL AND state IN ('created', 'prepaid', 'closing')"),
    )
    op.create_foreign_key(
        op.f("fk_tender_store_id_top_up_id"), "tender", "top_up", ["store_id", "top_up_id"], ["store_id", "id"]
    )
