"""Receipts that were given out, with their numbers, tokens and copies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("alone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("points_after", sa.BigInteger()),
        sa.Column("copies", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("copies >= 0", name=op.f("ck_receipt_copies")),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"], name=op.f("fk_receipt_store_id")
        ),
        sa.PrimaryKeyConstraint("store_id", "order_id", name=op.f("pk_receipt")),
    )
    op.create_index("uq_receipt_token", "receipt", ["store_id", "token"], unique=True)


def downgrade() -> None:
    op.drop_table("receipt")
