"""An offer may be claimed so many times on one phone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("coupon_template", sa.Column("claims_per_device", sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_coupon_template_device_claims"), "coupon_template", "claims_per_device > 0")
    op.create_table(
        "coupon_device",
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("device_hash", sa.LargeBinary(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("claimed > 0", name=op.f("ck_coupon_device_claimed")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["coupon_template.id"], name=op.f("fk_coupon_device_template_id_coupon_template")
        ),
        sa.PrimaryKeyConstraint("template_id", "device_hash", name=op.f("pk_coupon_device")),
    )


def downgrade() -> None:
    op.drop_table("coupon_device")
    op.drop_column("coupon_template", "claims_per_device")
