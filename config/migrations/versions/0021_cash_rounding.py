"""How a store rounds cash, and what a return takes of an order's rounding."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

_STATEMENTS = (
    "ALTER TABLE store ADD COLUMN cash_rounding text NOT NULL DEFAULT 'none',"
    " ADD CONSTRAINT ck_store_cash_rounding CHECK"
    " (cash_rounding IN ('none', 'drop_fen', 'drop_jiao', 'half_up', 'half_down'))",
    "ALTER TABLE sale_return ADD COLUMN rounding_fen bigint NOT NULL DEFAULT 0,"
    " ADD CONSTRAINT ck_sale_return_rounding CHECK (rounding_fen BETWEEN -100 AND 100)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE sale_return DROP COLUMN rounding_fen")
    op.execute("ALTER TABLE store DROP COLUMN cash_rounding")
