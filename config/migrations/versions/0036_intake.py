"""Orders that other channels took, as they came and as they became ours."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"

_CHANNELS = "'till', 'mall', 'tmall', 'jd', 'third_party', 'call_centre'"
_SOURCES = "'promotion', 'coupon', 'points', 'manual', 'channel', 'channel_own'"
_STATEMENTS = (
    "ALTER TABLE sale_order ADD COLUMN sales_channel_id bigint, ADD COLUMN external_no text,"
    " ADD CONSTRAINT ck_sale_order_external CHECK ((sales_channel_id IS NULL) = (external_no IS NULL)),"
    " DROP CONSTRAINT ck_sale_order_channel,"
    f" ADD CONSTRAINT ck_sale_order_channel CHECK (channel IN ({_CHANNELS}))",
    "CREATE UNIQUE INDEX uq_sale_order_external ON sale_order (sales_channel_id, external_no)"
    " WHERE external_no IS NOT NULL",
    "ALTER TABLE allocation DROP CONSTRAINT ck_allocation_source,"
    f" ADD CONSTRAINT ck_allocation_source CHECK (source IN ({_SOURCES}))",
    "ALTER TABLE tender DROP CONSTRAINT ck_tender_kind, DROP CONSTRAINT ck_tender_wallet_order,"
    " ADD CONSTRAINT ck_tender_kind CHECK (kind IN ('cash', 'wechat', 'wallet', 'channel')),"
    " ADD CONSTRAINT ck_tender_wallet_order CHECK (kind NOT IN ('wallet', 'channel') OR top_up_id IS NULL)",
    """CREATE TABLE intake_order (channel_id bigint NOT NULL, external_no text NOT NULL, state text NOT NULL,
        revision bigint NOT NULL, applied_revision bigint DEFAULT 0 NOT NULL, store_id bigint, order_id bigint,
        money_fen bigint NOT NULL, reason text DEFAULT '' NOT NULL, facts jsonb DEFAULT '{}' NOT NULL, tries
        bigint DEFAULT 0 NOT NULL, next_try_at timestamptz, received_at timestamptz NOT NULL, settled_at
        timestamptz, cancel_asked_at timestamptz, cancel_reason text DEFAULT '' NOT NULL, cancel_refused_at
        timestamptz, version bigint, CONSTRAINT pk_intake_order PRIMARY KEY (channel_id, external_no),
        CONSTRAINT fk_intake_order_store_id_order_id FOREIGN KEY(store_id, order_id) REFERENCES sale_order
        (store_id, id), CONSTRAINT ck_intake_order_state CHECK (state IN ('received', 'ordered', 'quarantined',
        'cancelled', 'tombstone', 'rejected')), CONSTRAINT ck_intake_order_order CHECK ((store_id IS NULL) =
        (order_id IS NULL)), CONSTRAINT ck_intake_order_ordered CHECK (state <> 'ordered' OR order_id IS NOT
        NULL), CONSTRAINT ck_intake_order_figures CHECK (applied_revision <= revision AND money_fen >= 0),
        CONSTRAINT fk_intake_order_channel_id FOREIGN KEY(channel_id) REFERENCES sales_channel (id))""",
    "CREATE INDEX ix_intake_order_changed ON intake_order (channel_id, external_no) WHERE version IS NULL",
    """CREATE INDEX ix_intake_order_due ON intake_order (received_at) WHERE state = 'received' OR (state =
        'ordered' AND (applied_revision < revision OR (cancel_asked_at IS NOT NULL AND cancel_refused_at IS
        NULL)))""",
    "CREATE INDEX ix_intake_order_state ON intake_order (channel_id, state) WHERE state <> 'ordered'",
    "CREATE UNIQUE INDEX uq_intake_order_order ON intake_order (store_id, order_id) WHERE order_id IS NOT NULL",
    "CREATE UNIQUE INDEX uq_intake_order_version ON intake_order (channel_id, version)",
    """CREATE TABLE intake_document (channel_id bigint NOT NULL, external_no text NOT NULL, revision bigint NOT
        NULL, print bytea NOT NULL, raw jsonb NOT NULL, receiver_sealed bytea, at timestamptz NOT NULL,
        CONSTRAINT pk_intake_document PRIMARY KEY (channel_id, external_no, revision), CONSTRAINT
        ck_intake_document_revision CHECK (revision > 0), CONSTRAINT fk_intake_document_channel_id FOREIGN
        KEY(channel_id) REFERENCES sales_channel (id))""",
    "CREATE INDEX ix_intake_document_at ON intake_document (at)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE intake_document")
    op.execute("DROP TABLE intake_order")
    op.execute("ALTER TABLE sale_order DROP COLUMN sales_channel_id, DROP COLUMN external_no")
