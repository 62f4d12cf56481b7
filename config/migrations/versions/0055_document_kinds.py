"""Tills write documents of several kinds; only a sale must become an order."""

from __future__ import annotations

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE till_document ADD COLUMN kind text NOT NULL DEFAULT 'sale'",
    "ALTER TABLE till_document DROP CONSTRAINT ck_till_document_ordered",
    """ALTER TABLE till_document ADD CONSTRAINT ck_till_document_ordered
        CHECK (kind <> 'sale' OR (state IN ('taken', 'known')) = (order_id IS NOT NULL))""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("documents of other kinds would be lost")
