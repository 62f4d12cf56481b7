"""A return is of goods, of units never handed over, or of money alone; freight may be part of it."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"

_STATEMENTS = (
    "ALTER TABLE sale_return ADD COLUMN kind text NOT NULL DEFAULT 'goods',"
    " ADD COLUMN reason text NOT NULL DEFAULT '', ADD COLUMN freight_fen bigint NOT NULL DEFAULT 0,"
    " ADD CONSTRAINT ck_sale_return_kind CHECK (kind IN ('goods', 'unshipped', 'amount')),"
    " ADD CONSTRAINT ck_sale_return_freight CHECK (freight_fen >= 0 AND freight_fen <= refund_fen)",
    "ALTER TABLE return_line DROP CONSTRAINT ck_return_line_qty,"
    " ADD CONSTRAINT ck_return_line_qty CHECK (qty > 0 OR (qty = 0 AND refund_fen > 0))",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute(
        "ALTER TABLE return_line DROP CONSTRAINT ck_return_line_qty, ADD CONSTRAINT ck_return_line_qty CHECK (qty > 0)"
    )
    op.execute("ALTER TABLE sale_return DROP COLUMN kind, DROP COLUMN reason, DROP COLUMN freight_fen")
