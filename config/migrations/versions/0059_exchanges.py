"""Exchanges: a row that joins a return and an order, and tenders that are money of another tender."""

from __future__ import annotations

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """CREATE TABLE exchange (store_id bigint NOT NULL, order_id bigint NOT NULL, back_store_id bigint NOT NULL,
        back_order_id bigint NOT NULL, return_id bigint, wants jsonb NOT NULL, aside jsonb NOT NULL DEFAULT '{}',
        fault boolean NOT NULL, reason text NOT NULL DEFAULT '', refund_fen bigint NOT NULL,
        brought_fen bigint NOT NULL, respent_fen bigint NOT NULL, shift_id bigint NOT NULL, staff_id bigint NOT NULL,
        approver_id bigint, at timestamptz NOT NULL,
        CONSTRAINT pk_exchange PRIMARY KEY (store_id, order_id),
        CONSTRAINT ck_exchange_amounts CHECK (refund_fen >= 0 AND brought_fen >= 0 AND respent_fen >= 0),
        CONSTRAINT ck_exchange_within CHECK (brought_fen + respent_fen <= refund_fen),
        CONSTRAINT fk_exchange_store_id_sale_order FOREIGN KEY (store_id, order_id)
            REFERENCES sale_order (store_id, id),
        CONSTRAINT fk_exchange_back_store_id_sale_order FOREIGN KEY (back_store_id, back_order_id)
            REFERENCES sale_order (store_id, id),
        CONSTRAINT fk_exchange_back_store_id_sale_return FOREIGN KEY (back_store_id, return_id)
            REFERENCES sale_return (store_id, id))""",
    "CREATE INDEX ix_exchange_back ON exchange (back_store_id, back_order_id)",
    "CREATE UNIQUE INDEX uq_exchange_return ON exchange (back_store_id, return_id)",
    """ALTER TABLE tender ADD COLUMN root_store_id bigint, ADD COLUMN root_id bigint,
        DROP CONSTRAINT ck_tender_kind, DROP CONSTRAINT ck_tender_wallet_order,
        ADD CONSTRAINT ck_tender_kind CHECK (kind IN ('cash', 'wechat', 'wallet', 'channel', 'exchange')),
        ADD CONSTRAINT ck_tender_wallet_order CHECK (kind NOT IN ('wallet', 'channel', 'exchange')
            OR top_up_id IS NULL),
        ADD CONSTRAINT ck_tender_root CHECK ((kind = 'exchange') = (root_id IS NOT NULL)
            AND (root_id IS NULL) = (root_store_id IS NULL)),
        ADD CONSTRAINT fk_tender_root_store_id_tender FOREIGN KEY (root_store_id, root_id)
            REFERENCES tender (store_id, id)""",
    "CREATE INDEX ix_tender_root ON tender (root_store_id, root_id) WHERE root_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("exchanges would be lost")
