"""A printed code that customers pay without network: its caps by store, and each payment until a bill proves it."""

from __future__ import annotations

from alembic import op

revision = "0072"
down_revision = "0074"
branch_labels = None
depends_on = None

_KIND = """DO $$ DECLARE known text; BEGIN
    SELECT pg_get_constraintdef(oid) INTO known FROM pg_constraint WHERE conname = 'ck_exception_case_kind';
    ALTER TABLE exception_case DROP CONSTRAINT ck_exception_case_kind;
    EXECUTE 'ALTER TABLE exception_case ADD CONSTRAINT ck_exception_case_kind ' || replace(known,
        quote_literal('channel_drift'), quote_literal('qr_unmatched') || '::text, ' || quote_literal('channel_drift'));
END $$"""
_UP = (
    """ALTER TABLE alone_rule ADD COLUMN qr boolean NOT NULL DEFAULT false,
        ADD COLUMN qr_sale_fen bigint NOT NULL DEFAULT 20000, ADD COLUMN qr_outage_fen bigint NOT NULL DEFAULT 200000,
        ADD CONSTRAINT ck_alone_rule_caps CHECK (qr_sale_fen > 0 AND qr_outage_fen >= qr_sale_fen)""",
    """ALTER TABLE alone_rule ALTER COLUMN qr DROP DEFAULT, ALTER COLUMN qr_sale_fen DROP DEFAULT,
        ALTER COLUMN qr_outage_fen DROP DEFAULT""",
    "ALTER TABLE till_document ADD COLUMN not_cash_fen bigint NOT NULL DEFAULT 0",
    """ALTER TABLE tender DROP CONSTRAINT ck_tender_kind, DROP CONSTRAINT ck_tender_wallet_order,
        ADD CONSTRAINT ck_tender_kind
            CHECK (kind IN ('cash', 'wechat', 'wallet', 'channel', 'exchange', 'static_qr')),
        ADD CONSTRAINT ck_tender_wallet_order
            CHECK (kind NOT IN ('wallet', 'channel', 'exchange', 'static_qr') OR top_up_id IS NULL)""",
    """CREATE TABLE static_qr (
        store_id bigint NOT NULL,
        tender_id bigint NOT NULL,
        order_id bigint NOT NULL,
        till_id bigint NOT NULL,
        state text NOT NULL,
        amount_fen bigint NOT NULL,
        at timestamptz NOT NULL,
        bill_no text,
        transaction_id text,
        settled_at timestamptz,
        CONSTRAINT pk_static_qr PRIMARY KEY (store_id, tender_id),
        CONSTRAINT fk_static_qr_store_id_tender FOREIGN KEY (store_id, tender_id) REFERENCES tender (store_id, id),
        CONSTRAINT ck_static_qr_state CHECK (state IN ('unproved', 'missing', 'proved', 'seen')),
        CONSTRAINT ck_static_qr_amount CHECK (amount_fen > 0),
        CONSTRAINT ck_static_qr_proved CHECK ((state = 'proved') = (bill_no IS NOT NULL))
    )""",
    "CREATE UNIQUE INDEX uq_static_qr_bill ON static_qr (bill_no) WHERE bill_no IS NOT NULL",
    "CREATE INDEX ix_static_qr_open ON static_qr (at) WHERE state IN ('unproved', 'missing')",
    "CREATE INDEX ix_static_qr_till ON static_qr (store_id, till_id, at)",
    _KIND,
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("payments by the printed code would be lost")
