"""What tills sold without network otherwise than we would have, to be listed by store."""

from __future__ import annotations

from alembic import op

revision = "0075"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_till_document_differs ON till_document (store_id, sold_at DESC) WHERE differences <> '[]'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_till_document_differs")
