"""A return keeps back what a promotion that is no longer met asks, and what gifts that stay are worth."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

FIGURES = ("promotions_withheld_fen", "gifts_withheld_fen", "withheld_principal_fen", "withheld_bonus_fen")


def upgrade() -> None:
    for name in FIGURES:
        op.add_column("sale_return", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("sale_return", sa.Column("fault", sa.Boolean(), nullable=False, server_default=sa.text("false")))


def downgrade() -> None:
    for name in (*FIGURES, "fault"):
        op.drop_column("sale_return", name)
