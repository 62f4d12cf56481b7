"""A parcel may be for an after-sales case."""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.execute("ALTER TABLE parcel ADD COLUMN case_id bigint")


def downgrade() -> None:
    op.execute("ALTER TABLE parcel DROP COLUMN case_id")
