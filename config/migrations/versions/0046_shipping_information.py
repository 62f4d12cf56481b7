"""What WeChat must be told about each mini-program payment.

Payments of before are written down too: WeChat keeps their money as well.  Those whose order has ended, and top-ups,
are due at once; a refund in full leaves nothing to tell.
"""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE ship_upload (
            store_id bigint NOT NULL, tender_id bigint NOT NULL, state text NOT NULL, paid_at timestamptz NOT NULL,
            due_at timestamptz, try_at timestamptz, leased_until timestamptz, asked_at timestamptz,
            told_at timestamptz, confirm_asked_at timestamptz, turn bigint NOT NULL DEFAULT 0, tries bigint NOT NULL DEFAULT 0,
            corrections bigint NOT NULL DEFAULT 0, code text NOT NULL DEFAULT '', wanted jsonb,
            sent jsonb,
            CONSTRAINT pk_ship_upload PRIMARY KEY (store_id, tender_id),
            CONSTRAINT fk_ship_upload_store_id_tender_id FOREIGN KEY (store_id, tender_id)
                REFERENCES tender (store_id, id),
            CONSTRAINT ck_ship_upload_state CHECK (state IN ('waiting', 'due', 'told', 'ended')),
            CONSTRAINT ck_ship_upload_due CHECK ((state = 'due') = (try_at IS NOT NULL)),
            CONSTRAINT ck_ship_upload_one_correction CHECK (corrections BETWEEN 0 AND 1))""")
    op.execute("CREATE INDEX ix_ship_upload_due ON ship_upload (try_at) WHERE state = 'due'")
    op.execute("CREATE INDEX ix_ship_upload_frozen ON ship_upload (paid_at) WHERE state IN ('due', 'waiting')")
    op.execute("""
        CREATE TABLE ship_duty (
            id bigint NOT NULL, managed boolean NOT NULL, asked_at timestamptz NOT NULL,
            CONSTRAINT pk_ship_duty PRIMARY KEY (id), CONSTRAINT ck_ship_duty_one CHECK (id = 1))""")
    op.execute("""
        INSERT INTO ship_upload (store_id, tender_id, state, paid_at, due_at, try_at)
        SELECT t.store_id, t.id, CASE WHEN f.over THEN 'due' ELSE 'waiting' END, t.paid_at,
            CASE WHEN f.over THEN t.paid_at END, CASE WHEN f.over THEN t.paid_at END
        FROM tender t LEFT JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id
        CROSS JOIN LATERAL (SELECT t.top_up_id IS NOT NULL OR o.state = 'done' AS over) f
        WHERE t.way = 'jsapi' AND t.state = 'paid' AND t.paid_at IS NOT NULL AND t.amount_fen > coalesce((
            SELECT sum(r.amount_fen) FROM refund r
            WHERE r.store_id = t.store_id AND r.tender_id = t.id AND r.state <> 'closed'), 0)""")


def downgrade() -> None:
    op.execute("DROP TABLE ship_duty")
    op.execute("DROP TABLE ship_upload")
