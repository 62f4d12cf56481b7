"""What tills sold on their own: documents in a chain by device, and three kinds of exception about them."""

from __future__ import annotations

from alembic import op

revision = "0050"
down_revision = "0049"

_STATEMENTS = (
    """CREATE TABLE till_device (store_id bigint NOT NULL, device_id text NOT NULL, till_id bigint NOT NULL,
        last_seq bigint NOT NULL DEFAULT 0, last_hash bytea NOT NULL, skew_ms bigint NOT NULL DEFAULT 0,
        seen_at timestamptz NOT NULL, CONSTRAINT pk_till_device PRIMARY KEY (store_id, device_id),
        CONSTRAINT fk_till_device_store_id_till FOREIGN KEY (store_id, till_id) REFERENCES till (store_id, id))""",
    """CREATE TABLE till_document (store_id bigint NOT NULL, uuid text NOT NULL, device_id text NOT NULL,
        seq bigint NOT NULL, till_id bigint NOT NULL, no text NOT NULL, state text NOT NULL,
        reason text NOT NULL DEFAULT '', body text NOT NULL, hash bytea NOT NULL, payable_fen bigint NOT NULL,
        sold_at timestamptz NOT NULL, received_at timestamptz NOT NULL, order_id bigint, differences jsonb,
        CONSTRAINT pk_till_document PRIMARY KEY (store_id, uuid),
        CONSTRAINT ck_till_document_state CHECK (state IN ('excepted', 'known', 'received', 'settled', 'taken')),
        CONSTRAINT ck_till_document_ordered CHECK ((state IN ('taken', 'known')) = (order_id IS NOT NULL)),
        CONSTRAINT fk_till_document_store_id_sale_order FOREIGN KEY (store_id, order_id)
            REFERENCES sale_order (store_id, id),
        CONSTRAINT fk_till_document_store_id_till_device FOREIGN KEY (store_id, device_id)
            REFERENCES till_device (store_id, device_id))""",
    "CREATE UNIQUE INDEX uq_till_document_seq ON till_document (store_id, device_id, seq)",
    "CREATE UNIQUE INDEX uq_till_document_no ON till_document (store_id, no)",
    "CREATE INDEX ix_till_document_order ON till_document (store_id, order_id)",
    """DO $$ DECLARE known text; BEGIN
        SELECT pg_get_constraintdef(oid) INTO known FROM pg_constraint WHERE conname = 'ck_exception_case_kind';
        ALTER TABLE exception_case DROP CONSTRAINT ck_exception_case_kind;
        EXECUTE 'ALTER TABLE exception_case ADD CONSTRAINT ck_exception_case_kind ' || replace(known,
            quote_literal('channel_drift'), quote_literal('document_excepted') || '::text, '
            || quote_literal('document_altered') || '::text, ' || quote_literal('document_gap') || '::text, '
            || quote_literal('channel_drift'));
    END $$""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what tills sold on their own would be lost")
