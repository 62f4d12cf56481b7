"""Whether a till of a store may sell without network freely, or with a manager's word, and for how long."""

from __future__ import annotations

from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

_UP = (
    """CREATE TABLE alone_rule (
        store_id bigint NOT NULL CONSTRAINT pk_alone_rule PRIMARY KEY
            CONSTRAINT fk_alone_rule_store_id_store REFERENCES store (id),
        by_manager boolean NOT NULL,
        minutes bigint NOT NULL,
        changed_at timestamptz NOT NULL,
        CONSTRAINT ck_alone_rule_minutes CHECK (minutes BETWEEN 15 AND 1440)
    )""",
    "CREATE INDEX ix_approval_alone ON approval (store_id, used_at) WHERE alone",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX ix_approval_alone")
    op.execute("DROP TABLE alone_rule")
