"""What was made cheaper by hand is listed by its moment."""

from __future__ import annotations

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_journal_by_hand ON journal (at) WHERE kind = 'order.discounted_by_hand'")


def downgrade() -> None:
    op.execute("DROP INDEX ix_journal_by_hand")
