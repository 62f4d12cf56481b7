"""Coupons: offers, what members hold, their history; orders and allocations name what coupons took off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_FIXED = """
    CREATE FUNCTION coupon_template_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.state <> 'draft' AND (to_jsonb(NEW) - 'state' - 'remaining') <> (to_jsonb(OLD) - 'state' - 'remaining')
        THEN RAISE EXCEPTION 'coupon template % is published: make a new version', OLD.id
            USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$"""


def upgrade() -> None:
    op.create_table(
        "coupon_attempt",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_attempt")),
    )
    op.create_index("ix_coupon_attempt_member", "coupon_attempt", ["member_id", "at"], unique=False)
    op.create_table(
        "coupon_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "event IN ('claim', 'give', 'reissue', 'lock', 'use', 'post', 'release', 'return', 'expire', 'void', 'freeze', 'thaw', 'transfer')",
            name=op.f("ck_coupon_event_event"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_event")),
        sa.UniqueConstraint("coupon_id", "key", name=op.f("uq_coupon_event_coupon_id_key")),
    )
    op.create_index("ix_coupon_event_member", "coupon_event", ["member_id", "coupon_id"], unique=False)
    op.create_table(
        "coupon_template",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stack_class", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("threshold_fen", sa.BigInteger(), nullable=False),
        sa.Column("off_fen", sa.BigInteger(), nullable=False),
        sa.Column("rate_bp", sa.BigInteger(), nullable=False),
        sa.Column("cap_fen", sa.BigInteger(), nullable=False),
        sa.Column("goods", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("store_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("channels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("valid_from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_days", sa.BigInteger(), nullable=True),
        sa.Column("claim_from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_centre", sa.Boolean(), nullable=False),
        sa.Column("issue_limit", sa.BigInteger(), nullable=True),
        sa.Column("remaining", sa.BigInteger(), nullable=True),
        sa.Column("claims_per_member", sa.BigInteger(), nullable=False),
        sa.Column("uses_per_member", sa.BigInteger(), nullable=True),
        sa.Column("uses_per_day", sa.BigInteger(), nullable=True),
        sa.Column("uses_per_store", sa.BigInteger(), nullable=True),
        sa.Column("given_from_fen", sa.BigInteger(), nullable=True),
        sa.Column("hq_bp", sa.BigInteger(), nullable=False),
        sa.Column("store_bp", sa.BigInteger(), nullable=False),
        sa.Column("supplier_bp", sa.BigInteger(), nullable=False),
        sa.Column("return_rule", sa.Text(), nullable=False),
        sa.Column("grace_days", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "CASE kind WHEN 'threshold_off' THEN off_fen > 0 AND threshold_fen >= off_fen WHEN 'rate' THEN rate_bp BETWEEN 1 AND 9999 WHEN 'cash' THEN off_fen > 0 AND threshold_fen = 0 WHEN 'freight' THEN off_fen > 0 ELSE jsonb_array_length(goods) > 0 END",
            name=op.f("ck_coupon_template_worth"),
        ),
        sa.CheckConstraint(
            "kind IN ('threshold_off', 'rate', 'cash', 'goods', 'freight', 'gift')",
            name=op.f("ck_coupon_template_kind"),
        ),
        sa.CheckConstraint(
            "return_rule IN ('old_expiry', 'grace', 'never')", name=op.f("ck_coupon_template_return_rule")
        ),
        sa.CheckConstraint(
            "stack_class IN ('goods', 'store', 'platform', 'freight')", name=op.f("ck_coupon_template_stack_class")
        ),
        sa.CheckConstraint("state IN ('draft', 'live', 'paused', 'ended')", name=op.f("ck_coupon_template_state")),
        sa.CheckConstraint("(remaining IS NULL) = (issue_limit IS NULL)", name=op.f("ck_coupon_template_limit")),
        sa.CheckConstraint(
            "(valid_days IS NULL) = (valid_until_at IS NOT NULL) AND (valid_days IS NULL OR valid_days > 0)",
            name=op.f("ck_coupon_template_valid"),
        ),
        sa.CheckConstraint("claims_per_member > 0", name=op.f("ck_coupon_template_claims")),
        sa.CheckConstraint(
            "hq_bp >= 0 AND store_bp >= 0 AND supplier_bp >= 0 AND hq_bp + store_bp + supplier_bp = 10000",
            name=op.f("ck_coupon_template_funding"),
        ),
        sa.CheckConstraint("remaining >= 0 AND remaining <= issue_limit", name=op.f("ck_coupon_template_remaining")),
        sa.CheckConstraint(
            "threshold_fen >= 0 AND off_fen >= 0 AND cap_fen >= 0 AND grace_days >= 0",
            name=op.f("ck_coupon_template_signs"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_template")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_coupon_template_code_version")),
    )
    op.create_index(
        "ix_coupon_template_given",
        "coupon_template",
        ["given_from_fen"],
        unique=False,
        postgresql_where=sa.text("state = 'live' AND given_from_fen IS NOT NULL"),
    )
    op.create_table(
        "coupon",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("store_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reissue_of_id", sa.BigInteger(), nullable=True),
        sa.Column("given_by_store_id", sa.BigInteger(), nullable=True),
        sa.Column("given_by_order_id", sa.BigInteger(), nullable=True),
        sa.Column("origin_member_id", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state IN ('locked', 'used', 'returned')) = (order_id IS NOT NULL)", name=op.f("ck_coupon_held")
        ),
        sa.CheckConstraint(
            "state IN ('issued', 'locked', 'used', 'returned', 'expired', 'void', 'frozen', 'transferred')",
            name=op.f("ck_coupon_state"),
        ),
        sa.CheckConstraint("(order_id IS NULL) = (held_at IS NULL)", name=op.f("ck_coupon_held_at")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_coupon_member_id")),
        sa.ForeignKeyConstraint(["template_id"], ["coupon_template.id"], name=op.f("fk_coupon_template_id")),
        sa.PrimaryKeyConstraint("member_id", "id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_coupon_code_hash")),
        sa.UniqueConstraint("template_id", "member_id", "seq", name=op.f("uq_coupon_template_id_member_id_seq")),
    )
    op.create_index(
        "ix_coupon_due", "coupon", ["valid_until_at"], unique=False, postgresql_where=sa.text("state = 'issued'")
    )
    op.create_index(
        "ix_coupon_order",
        "coupon",
        ["store_id", "order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index(
        "ix_coupon_usable",
        "coupon",
        ["member_id", "valid_until_at"],
        unique=False,
        postgresql_where=sa.text("state = 'issued'"),
    )
    op.create_index(
        "ix_coupon_uses",
        "coupon",
        ["template_id", "held_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('locked', 'used')"),
    )
    op.create_index(
        "uq_coupon_given",
        "coupon",
        ["given_by_store_id", "given_by_order_id", "template_id"],
        unique=True,
        postgresql_where=sa.text("given_by_order_id IS NOT NULL AND reissue_of_id IS NULL"),
    )
    op.create_table(
        "coupon_claim",
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_coupon_claim_member_id")),
        sa.ForeignKeyConstraint(["template_id"], ["coupon_template.id"], name=op.f("fk_coupon_claim_template_id")),
        sa.PrimaryKeyConstraint("template_id", "member_id", name=op.f("pk_coupon_claim")),
    )
    op.create_table(
        "coupon_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by_member_id", sa.BigInteger(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["template_id"], ["coupon_template.id"], name=op.f("fk_coupon_code_template_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_coupon_code")),
    )
    # The last line of defence behind "fixed once published": what was promised to those who claimed stays.
    op.execute(_FIXED)
    op.execute(
        "CREATE TRIGGER coupon_template_fixed BEFORE UPDATE ON coupon_template"
        " FOR EACH ROW EXECUTE FUNCTION coupon_template_fixed()"
    )
    op.add_column("allocation", sa.Column("source_id", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("allocation", "source_id", server_default=None)
    op.drop_constraint("ck_allocation_source", "allocation")
    op.drop_constraint("pk_allocation", "allocation")
    op.create_primary_key("pk_allocation", "allocation", ["store_id", "order_id", "line_no", "source", "source_id"])
    op.create_check_constraint(op.f("ck_allocation_source"), "allocation", "source IN ('coupon', 'points', 'manual')")
    op.create_check_constraint(op.f("ck_allocation_source_id"), "allocation", "(source = 'coupon') = (source_id <> 0)")
    op.add_column("sale_order", sa.Column("coupon_fen", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("sale_order", "coupon_fen", server_default=None)
    op.drop_constraint("ck_sale_order_sums", "sale_order")
    op.create_check_constraint(
        op.f("ck_sale_order_sums"),
        "sale_order",
        "list_fen - coupon_fen - discount_fen - points_fen = payable_fen AND payable_fen >= 0 AND coupon_fen >= 0",
    )
