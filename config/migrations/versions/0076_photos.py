"""Photos that customers send with their words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("member_id", sa.BigInteger(), sa.ForeignKey("member.id"), nullable=False),
        sa.Column("token", sa.Text(), nullable=False, unique=True),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("place", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0 AND size > 0", name="figures"),
    )
    op.create_index("ix_photo_owner", "photo", ["owner", "place"], postgresql_where=sa.text("owner <> ''"))
    op.create_index("ix_photo_loose", "photo", ["member_id"], postgresql_where=sa.text("owner = ''"))
    op.create_index("ix_photo_member", "photo", ["member_id"])


def downgrade() -> None:
    op.drop_table("photo")
