"""What a till must know to sell without us, in chunks by version."""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE till_chunk_version")
    op.execute("""CREATE TABLE till_chunk (store_id bigint NOT NULL, no bigint NOT NULL, version bigint NOT NULL,
        digest bytea NOT NULL, rows text NOT NULL, CONSTRAINT pk_till_chunk PRIMARY KEY (store_id, no))""")
    op.execute("CREATE INDEX ix_till_chunk_version ON till_chunk (store_id, version)")


def downgrade() -> None:
    op.execute("DROP TABLE till_chunk")
    op.execute("DROP SEQUENCE till_chunk_version")
