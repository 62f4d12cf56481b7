"""A return withholds what used coupons of the returned order are worth; offers already published go on waiving it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("coupon_template", sa.Column("given_rule", sa.Text(), nullable=False, server_default="waive"))
    op.alter_column("coupon_template", "given_rule", server_default=None)
    op.create_check_constraint(
        op.f("ck_coupon_template_given_rule"), "coupon_template", "given_rule IN ('withhold', 'waive')"
    )
    op.add_column(
        "sale_return", sa.Column("coupons_withheld_fen", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.create_check_constraint(op.f("ck_sale_return_coupons_withheld"), "sale_return", "coupons_withheld_fen >= 0")
    op.create_table(
        "return_coupon",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("withheld_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("withheld_fen > 0", name=op.f("ck_return_coupon_withheld")),
        sa.ForeignKeyConstraint(
            ["store_id", "return_id"],
            ["sale_return.store_id", "sale_return.id"],
            name=op.f("fk_return_coupon_store_id_sale_return"),
        ),
        sa.PrimaryKeyConstraint("store_id", "return_id", "coupon_id", name=op.f("pk_return_coupon")),
    )
    op.create_index("ix_return_coupon_order", "return_coupon", ["store_id", "order_id"])


def downgrade() -> None:
    op.drop_table("return_coupon")
    op.drop_column("sale_return", "coupons_withheld_fen")
    op.drop_column("coupon_template", "given_rule")
