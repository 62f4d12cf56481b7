"""Kits, and when a sku was last counted."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"

_STATEMENTS = (
    """CREATE TABLE kit (sku_id bigint NOT NULL, component_sku_id bigint NOT NULL, qty bigint NOT NULL,
        CONSTRAINT pk_kit PRIMARY KEY (sku_id, component_sku_id),
        CONSTRAINT fk_kit_sku_id FOREIGN KEY (sku_id) REFERENCES sku (id),
        CONSTRAINT fk_kit_component_sku_id FOREIGN KEY (component_sku_id) REFERENCES sku (id),
        CONSTRAINT ck_kit_positive CHECK (qty > 0))""",
    "CREATE INDEX ix_kit_component_sku_id ON kit (component_sku_id)",
    "ALTER TABLE stock_level ADD COLUMN counted_at timestamptz",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
