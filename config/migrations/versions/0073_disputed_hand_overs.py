"""A parcel that was handed over without network, and was not to be: an exception of its own kind."""

from __future__ import annotations

from alembic import op

revision = "0073"
down_revision = "0076"
branch_labels = None
depends_on = None

_KIND = """DO $$ DECLARE known text; BEGIN
    SELECT pg_get_constraintdef(oid) INTO known FROM pg_constraint WHERE conname = 'ck_exception_case_kind';
    ALTER TABLE exception_case DROP CONSTRAINT ck_exception_case_kind;
    EXECUTE 'ALTER TABLE exception_case ADD CONSTRAINT ck_exception_case_kind ' || replace(known,
        quote_literal('channel_drift'), quote_literal('hand_over_disputed') || '::text, '
        || quote_literal('channel_drift'));
END $$"""


def upgrade() -> None:
    op.execute(_KIND)


def downgrade() -> None:
    raise NotImplementedError("open cases of the kind would be lost")
