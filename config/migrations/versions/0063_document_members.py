"""A till's document remembers whose phone came beside it; the phone itself is in no document."""

from __future__ import annotations

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE till_document ADD COLUMN member_id bigint"
        " CONSTRAINT fk_till_document_member_id REFERENCES member (id)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE till_document DROP COLUMN member_id")
