"""What members keep for later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0095"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member_favourite",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_favourite_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "product_id", name=op.f("pk_member_favourite")),
    )


def downgrade() -> None:
    op.drop_table("member_favourite")
