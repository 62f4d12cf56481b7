"""Who wants to hear that a store has a sku again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0096"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stock_wish",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_stock_wish_member_id_member")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_stock_wish_store_id_store")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_stock_wish_sku_id_sku")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_wish")),
    )
    waits = sa.text("told_at IS NULL")
    op.create_index(
        "uq_stock_wish_open", "stock_wish", ["member_id", "store_id", "sku_id"], unique=True, postgresql_where=waits
    )
    op.create_index("ix_stock_wish_waits", "stock_wish", ["store_id", "sku_id"], postgresql_where=waits)


def downgrade() -> None:
    op.drop_table("stock_wish")
