"""Late payments: money that came when nothing waited for it has a state and a row of its own."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"

_STATEMENTS = (
    "ALTER TABLE sale_order ADD COLUMN revived_at timestamptz",
    "ALTER TABLE tender DROP CONSTRAINT ck_tender_state",
    "ALTER TABLE tender ADD CONSTRAINT ck_tender_state"
    " CHECK (state IN ('created', 'prepaid', 'closing', 'paid', 'closed', 'late'))",
    """CREATE TABLE late_payment (store_id bigint NOT NULL, tender_id bigint NOT NULL, order_id bigint, top_up_id bigint,
        amount_fen bigint NOT NULL, cause text NOT NULL, why text NOT NULL DEFAULT '', state text NOT NULL,
        arrived_at timestamptz NOT NULL, settle_by timestamptz NOT NULL, settled_at timestamptz,
        CONSTRAINT pk_late_payment PRIMARY KEY (store_id, tender_id),
        CONSTRAINT fk_late_payment_store_id_tender_id FOREIGN KEY (store_id, tender_id) REFERENCES tender (store_id, id),
        CONSTRAINT ck_late_payment_state CHECK (state IN ('open', 'restored', 'moved', 'refunded')),
        CONSTRAINT ck_late_payment_cause CHECK (cause IN ('ended_unpaid', 'ended_paid', 'overpaid', 'top_up')),
        CONSTRAINT ck_late_payment_settled CHECK ((state = 'open') = (settled_at IS NULL)),
        CONSTRAINT ck_late_payment_amount CHECK (amount_fen > 0))""",
    "CREATE INDEX ix_late_payment_order ON late_payment (store_id, order_id)",
    "CREATE INDEX ix_late_payment_open ON late_payment (settle_by) WHERE state = 'open'",
    # what was refunded late before: the attempt is late money, and its row says so
    """INSERT INTO late_payment (store_id, tender_id, order_id, top_up_id, amount_fen, cause, why, state, arrived_at,
            settle_by, settled_at)
        SELECT t.store_id, t.id, t.order_id, t.top_up_id, t.amount_fen,
               CASE WHEN t.top_up_id IS NOT NULL THEN 'top_up' WHEN o.state <> 'cancelled' THEN 'overpaid'
                    WHEN o.paid_at IS NULL THEN 'ended_unpaid' ELSE 'ended_paid' END, '',
               CASE WHEN r.state = 'requested' THEN 'open' ELSE 'refunded' END, r.created_at,
               r.created_at + interval '10 minutes',
               CASE WHEN r.state <> 'requested' THEN coalesce(r.done_at, r.created_at) END
        FROM refund r JOIN tender t ON t.store_id = r.store_id AND t.id = r.tender_id
        LEFT JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id
        WHERE r.refund_no = 'L' || t.id""",
    """UPDATE tender t SET state = 'late' FROM late_payment l
        WHERE l.store_id = t.store_id AND l.tender_id = t.id""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE late_payment")
    op.execute("UPDATE tender SET state = 'closed' WHERE state = 'late'")
    op.execute("ALTER TABLE tender DROP CONSTRAINT ck_tender_state")
    op.execute(
        "ALTER TABLE tender ADD CONSTRAINT ck_tender_state"
        " CHECK (state IN ('created', 'prepaid', 'closing', 'paid', 'closed'))"
    )
    op.execute("ALTER TABLE sale_order DROP COLUMN revived_at")
