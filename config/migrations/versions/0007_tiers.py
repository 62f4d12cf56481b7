"""Growth, tiers and segments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

# Growth of the orders that are there: one lot an order, less what was refunded, as the job would have counted it.
COUNT_GROWTH = (
    """
    CREATE TEMPORARY TABLE counted AS
    SELECT o.member_id, 'order:' || o.id AS source, o.paid_at, o.payable_fen / 100 AS earns, o.state = 'done' AS done,
           CASE WHEN o.state = 'cancelled' THEN o.payable_fen / 100
                ELSE o.payable_fen / 100 * coalesce((SELECT sum(r.refund_fen)::bigint FROM sale_return r
                    WHERE r.store_id = o.store_id AND r.order_id = o.id), 0) / o.payable_fen END AS taken
    FROM sale_order o WHERE o.member_id IS NOT NULL AND o.paid_at IS NOT NULL AND o.payable_fen >= 100""",
    """
    WITH entry AS (
        INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at)
        SELECT member_id, 'growth', 'earn', CASE WHEN done THEN earns ELSE 0 END, CASE WHEN done THEN 0 ELSE earns END,
               source, source || ':earn', 'migration', paid_at
        FROM counted ORDER BY paid_at RETURNING id, source)
    INSERT INTO lot (member_id, account, source, initial, remaining, state, origin_member_id, entry_id)
    SELECT member_id, 'growth', source, earns, earns - taken, CASE WHEN done THEN 'available' ELSE 'pending' END,
           member_id, entry.id
    FROM counted JOIN entry USING (source) ORDER BY paid_at""",
    """
    WITH clawed AS (
        INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at)
        SELECT member_id, 'growth', 'claw', CASE WHEN done THEN -taken ELSE 0 END,
               CASE WHEN done THEN 0 ELSE -taken END, source, source || ':less:' || taken, 'migration', now()
        FROM counted WHERE taken > 0 RETURNING member_id, id, source, quantity + pending AS less)
    INSERT INTO lot_consumption (member_id, entry_id, lot_id, quantity, restored)
    SELECT c.member_id, c.id, lot.id, -c.less, 0 FROM clawed c
    JOIN lot ON lot.member_id = c.member_id AND lot.account = 'growth' AND lot.source = c.source""",
    """
    INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)
    SELECT member_id, 'growth', coalesce(sum(earns - taken) FILTER (WHERE done), 0),
           coalesce(sum(earns - taken) FILTER (WHERE NOT done), 0), 0, 0
    FROM counted GROUP BY 1""",
    "DROP TABLE counted",
    # What segments know of the past.
    """
    INSERT INTO member_purchase (member_id, order_id, store_id, channel, at, kept_fen, sku_ids, category_ids)
    SELECT o.member_id, o.id, o.store_id, o.channel, o.paid_at,
           CASE WHEN o.state = 'cancelled' THEN 0 ELSE greatest(o.payable_fen - coalesce((SELECT sum(r.refund_fen)
               FROM sale_return r WHERE r.store_id = o.store_id AND r.order_id = o.id), 0), 0) END,
           coalesce(kept.sku_ids, '{}'), coalesce(kept.category_ids, '{}')
    FROM sale_order o LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT line.sku_id ORDER BY line.sku_id) AS sku_ids,
               array_agg(DISTINCT product.category_id ORDER BY product.category_id) AS category_ids
        FROM order_line line JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
        WHERE line.store_id = o.store_id AND line.order_id = o.id AND o.state <> 'cancelled'
          AND line.qty > coalesce((SELECT sum(r.qty) FROM return_line r WHERE r.store_id = line.store_id
                                   AND r.order_id = line.order_id AND r.line_no = line.line_no), 0)) kept ON true
    WHERE o.member_id IS NOT NULL AND o.paid_at IS NOT NULL""",
    # Tiers are kept: who has one keeps it for a year, and then it is evaluated like any other.
    """
    INSERT INTO tier_standing (member_id, confirmed, evaluate_at, due_at)
    SELECT id, tier, now() + interval '12 months', now() + interval '12 months' FROM member
    WHERE tier <> 'standard' AND merged_into_id IS NULL""",
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_member_tier"), "member", type_="check")
    _rules()
    _standings()
    _activity()
    _segments()
    for statement in COUNT_GROWTH:
        op.get_bind().exec_driver_sql(statement)


def _rules() -> None:
    op.create_table(
        "tier_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("downgrade", sa.Text(), nullable=False),
        sa.Column("grace_days", sa.BigInteger(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint("counted IN ('rolling', 'year', 'lifetime')", name=op.f("ck_tier_version_counted")),
        sa.CheckConstraint("downgrade IN ('one_down', 'balance_based')", name=op.f("ck_tier_version_downgrade")),
        sa.CheckConstraint("grace_days BETWEEN 0 AND 366", name=op.f("ck_tier_version_grace_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_version")),
        sa.UniqueConstraint("from_at", name=op.f("uq_tier_version_from_at")),
    )
    op.create_table(
        "tier_level",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("entry_growth", sa.BigInteger(), nullable=False),
        sa.Column("keep_growth", sa.BigInteger(), nullable=False),
        sa.Column("multiplier_bp", sa.BigInteger(), nullable=False),
        sa.Column("benefits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("keep_growth BETWEEN 0 AND entry_growth", name=op.f("ck_tier_level_keep")),
        sa.CheckConstraint("rank >= 0 AND (rank > 0 OR entry_growth = 0)", name=op.f("ck_tier_level_first")),
        sa.CheckConstraint("multiplier_bp >= 10000", name=op.f("ck_tier_level_multiplier")),
        sa.ForeignKeyConstraint(["version_id"], ["tier_version.id"], name=op.f("fk_tier_level_version_id")),
        sa.PrimaryKeyConstraint("version_id", "code", name=op.f("pk_tier_level")),
        sa.UniqueConstraint("version_id", "rank", name=op.f("uq_tier_level_version_id_rank")),
    )


def _standings() -> None:
    op.create_table(
        "tier_standing",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.Text(), nullable=False),
        sa.Column("evaluate_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("floor_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(floor IS NULL) = (floor_until IS NULL)", name=op.f("ck_tier_standing_floor")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_tier_standing_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_tier_standing")),
    )
    op.create_index(
        "ix_tier_standing_due_at", "tier_standing", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_table(
        "tier_change",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_tier", sa.Text(), nullable=False),
        sa.Column("to_tier", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("growth", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_tier_change_member_id")),
        sa.PrimaryKeyConstraint("member_id", "id", name=op.f("pk_tier_change")),
    )
    op.create_index("ix_tier_change_member", "tier_change", ["member_id", sa.text("id DESC")])


def _activity() -> None:
    op.create_table(
        "member_purchase",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_fen", sa.BigInteger(), nullable=False),
        sa.Column("sku_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("category_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint("kept_fen >= 0", name=op.f("ck_member_purchase_kept")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_purchase_member_id")),
        sa.PrimaryKeyConstraint("member_id", "order_id", name=op.f("pk_member_purchase")),
    )
    op.create_index("ix_member_purchase_at", "member_purchase", ["member_id", "at"])
    op.create_table(
        "member_visit",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_visit_member_id")),
        sa.PrimaryKeyConstraint("member_id", "day", "channel", name=op.f("pk_member_visit")),
    )
    op.create_table(
        "member_rfm",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("bought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("kept_fen", sa.BigInteger(), nullable=False),
        sa.Column("r", sa.BigInteger(), nullable=False),
        sa.Column("f", sa.BigInteger(), nullable=False),
        sa.Column("m", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "r BETWEEN 1 AND 5 AND f BETWEEN 1 AND 5 AND m BETWEEN 1 AND 5", name=op.f("ck_member_rfm_scores")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_rfm_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_rfm")),
    )
    op.create_index("ix_member_rfm_scores", "member_rfm", ["r", "f", "m"])
    op.create_table(
        "rfm_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buyers", sa.BigInteger(), nullable=False),
        sa.Column("edges", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfm_run")),
    )


def _segments() -> None:
    op.create_table(
        "segment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("holdout_bp", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("held_out", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("holdout_bp BETWEEN 0 AND 5000", name=op.f("ck_segment_holdout")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
    )
    op.create_table(
        "segment_member",
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("held_out", sa.Boolean(), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_segment_member_member_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_segment_member_segment_id")),
        sa.PrimaryKeyConstraint("segment_id", "member_id", name=op.f("pk_segment_member")),
    )
    op.create_index("ix_segment_member_member", "segment_member", ["member_id"])
