"""Whether an order may be split, how often a store says no, and decisions by their moment."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.execute("ALTER TABLE sale_order ADD COLUMN may_split boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE store ADD COLUMN reject_permille bigint NOT NULL DEFAULT 0")
    op.execute("CREATE INDEX ix_routing_decision_at ON routing_decision (at)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_routing_decision_at")
    op.execute("ALTER TABLE store DROP COLUMN reject_permille")
    op.execute("ALTER TABLE sale_order DROP COLUMN may_split")
