"""Member codes, consent and privacy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "member_code_use",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("till_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "step", name=op.f("pk_member_code_use")),
    )
    op.create_index("ix_member_code_use_at", "member_code_use", ["at"], unique=False)
    op.create_table(
        "spend_authorisation",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("till_id", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(way = 'manager') = (reason IS NOT NULL)", name=op.f("ck_spend_authorisation_reason")),
        sa.CheckConstraint("way IN ('code', 'manager')", name=op.f("ck_spend_authorisation_way")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_spend_authorisation")),
    )
    op.create_index("ix_spend_authorisation_expires_at", "spend_authorisation", ["expires_at"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('mall', 'till', 'office')", name=op.f("ck_consent_channel")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(
        "ix_consent_member", "consent", ["member_id", "purpose", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "member_code",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_code_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_code")),
        sa.UniqueConstraint("ref", name=op.f("uq_member_code_ref")),
    )
    op.create_table(
        "member_export",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "sealed IS NULL OR (ready_at IS NOT NULL AND taken_at IS NULL)", name=op.f("ck_member_export_sealed")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_export_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_export")),
    )
    op.create_index("ix_member_export_member", "member_export", ["member_id", "id"], unique=False)
    op.create_index(
        "uq_member_export_open",
        "member_export",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("ready_at IS NULL"),
    )
    op.create_table(
        "member_leaving",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_leaving_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_leaving")),
    )
    op.create_index(
        "ix_member_leaving_due_at",
        "member_leaving",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "member_merge",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unmerge_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unmerged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unmerged_actor", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["into_id"], ["member.id"], name=op.f("fk_member_merge_into_id")),
        sa.ForeignKeyConstraint(["source_id"], ["member.id"], name=op.f("fk_member_merge_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_merge")),
    )
    op.create_index("ix_member_merge_into", "member_merge", ["into_id"], unique=False)
    op.create_index(
        "uq_member_merge_source",
        "member_merge",
        ["source_id"],
        unique=True,
        postgresql_where=sa.text("unmerged_at IS NULL"),
    )
    op.add_column("identity", sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("member", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("ck_identity_kind"), "identity", type_="check")
    op.create_check_constraint(op.f("ck_identity_kind"), "identity", "kind IN ('phone', 'openid', 'unionid', 'card')")
    op.create_check_constraint(op.f("ck_identity_lost"), "identity", "lost_at IS NULL OR kind = 'card'")
