"""Codes that nobody sells are reported from tills; a barcode says how many units bear it."""

from __future__ import annotations

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """CREATE TABLE unknown_code (store_id bigint NOT NULL, code text NOT NULL, note text NOT NULL,
        times bigint NOT NULL, first_at timestamptz NOT NULL, last_at timestamptz NOT NULL, settled_at timestamptz,
        settled_note text NOT NULL DEFAULT '',
        CONSTRAINT pk_unknown_code PRIMARY KEY (store_id, code),
        CONSTRAINT fk_unknown_code_store_id_store FOREIGN KEY (store_id) REFERENCES store (id))""",
    "CREATE INDEX ix_unknown_code_waiting ON unknown_code (last_at) WHERE settled_at IS NULL",
    "ALTER TABLE barcode ADD COLUMN units bigint NOT NULL DEFAULT 1"
    " CONSTRAINT ck_barcode_units CHECK (units BETWEEN 1 AND 10000)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE unknown_code")
    op.execute("ALTER TABLE barcode DROP COLUMN units")
