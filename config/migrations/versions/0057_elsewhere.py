"""A till sells what other stores hand over, and keeps it there while its customer pays."""

from __future__ import annotations

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE order_line ADD COLUMN at_store_id bigint")
    op.execute("""
        CREATE TABLE till_reservation (
            store_id bigint NOT NULL, id bigint NOT NULL, till_id bigint NOT NULL, at timestamptz NOT NULL,
            until_at timestamptz NOT NULL, ended_at timestamptz, outcome text,
            CONSTRAINT pk_till_reservation PRIMARY KEY (store_id, id),
            CONSTRAINT ck_till_reservation_outcome CHECK (outcome IN ('sold', 'released', 'lapsed')),
            CONSTRAINT ck_till_reservation_ended CHECK ((outcome IS NULL) = (ended_at IS NULL)),
            CONSTRAINT ck_till_reservation_until CHECK (until_at > at))""")
    op.execute("""
        CREATE UNIQUE INDEX uq_till_reservation_open ON till_reservation (store_id, till_id)
        WHERE ended_at IS NULL""")


def downgrade() -> None:
    raise NotImplementedError("what tills sold from other stores would be lost")
