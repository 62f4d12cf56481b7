"""How scale labels read is set by the head office, for the chain or a store."""

from __future__ import annotations

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""CREATE TABLE label_layout (store_id bigint NOT NULL, layouts text[] NOT NULL,
        CONSTRAINT pk_label_layout PRIMARY KEY (store_id))""")


def downgrade() -> None:
    op.execute("DROP TABLE label_layout")
