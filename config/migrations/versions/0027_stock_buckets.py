"""Stock in buckets: what is held, paid, picked, not for sale, on its way and kept; what is free is computed by the table.

What orders that are paid hold is committed from now on.
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"

_TILL = "on_hand - held - committed - picked - quarantine"

_STATEMENTS = (
    """ALTER TABLE stock_level
        ADD COLUMN committed bigint NOT NULL DEFAULT 0, ADD COLUMN picked bigint NOT NULL DEFAULT 0,
        ADD COLUMN quarantine bigint NOT NULL DEFAULT 0, ADD COLUMN in_transit bigint NOT NULL DEFAULT 0,
        ADD COLUMN safety bigint NOT NULL DEFAULT 0, ADD COLUMN till_buffer bigint NOT NULL DEFAULT 0,
        ADD COLUMN count_due boolean NOT NULL DEFAULT false,
        DROP CONSTRAINT ck_stock_level_held_within_on_hand, DROP CONSTRAINT ck_stock_level_held_not_negative""",
    """ALTER TABLE stock_hold ADD COLUMN bucket text NOT NULL DEFAULT 'held', ADD COLUMN held_until timestamptz,
        DROP CONSTRAINT pk_stock_hold""",
    """UPDATE stock_hold h SET bucket = 'committed' FROM sale_order o
        WHERE o.store_id = h.store_id AND o.id = h.order_id AND o.state IN ('paid', 'preparing', 'ready')""",
    """UPDATE stock_level level SET held = greatest(level.held - paid.qty, 0), committed = paid.qty
        FROM (SELECT store_id, sku_id, sum(qty)::bigint AS qty FROM stock_hold WHERE bucket = 'committed'
              GROUP BY 1, 2) paid
        WHERE level.store_id = paid.store_id AND level.sku_id = paid.sku_id""",
    """ALTER TABLE stock_hold ALTER COLUMN bucket DROP DEFAULT,
        ADD CONSTRAINT pk_stock_hold PRIMARY KEY (order_id, store_id, sku_id, bucket),
        ADD CONSTRAINT ck_stock_hold_bucket CHECK (bucket IN ('held', 'committed', 'picked')),
        ADD CONSTRAINT ck_stock_hold_paid_for_ever CHECK (bucket = 'held' OR held_until IS NULL)""",
    "CREATE INDEX ix_stock_hold_until ON stock_hold (held_until) WHERE held_until IS NOT NULL",
    f"""ALTER TABLE stock_level
        ADD COLUMN free_till bigint NOT NULL GENERATED ALWAYS AS ({_TILL}) STORED,
        ADD COLUMN free_online bigint NOT NULL GENERATED ALWAYS AS (
            CASE WHEN count_due THEN 0 ELSE {_TILL} - safety - till_buffer END) STORED,
        ADD CONSTRAINT ck_stock_level_promised_not_negative CHECK (held >= 0 AND committed >= 0 AND picked >= 0),
        ADD CONSTRAINT ck_stock_level_promised_within_what_is_there
            CHECK (held + committed + picked <= greatest(on_hand - quarantine, 0)),
        ADD CONSTRAINT ck_stock_level_buckets_not_negative
            CHECK (quarantine >= 0 AND in_transit >= 0 AND safety >= 0 AND till_buffer >= 0)""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
