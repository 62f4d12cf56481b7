"""For whom members have their invoices made, kept for the next time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0087"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member_invoice_title",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'company')", name=op.f("ck_member_invoice_title_kind")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_invoice_title_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "kind", name=op.f("pk_member_invoice_title")),
    )


def downgrade() -> None:
    op.drop_table("member_invoice_title")
