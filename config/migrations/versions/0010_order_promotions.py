"""What promotions, freight and rounding did to an order, its gifts, and the trace of its price."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_STATEMENTS = (
    "ALTER TABLE sale_order ADD COLUMN promotion_fen bigint NOT NULL DEFAULT 0,"
    " ADD COLUMN freight_fen bigint NOT NULL DEFAULT 0, ADD COLUMN rounding_fen bigint NOT NULL DEFAULT 0,"
    " ADD COLUMN rules_version bigint NOT NULL DEFAULT 0",
    "ALTER TABLE sale_order DROP CONSTRAINT ck_sale_order_sums",
    "ALTER TABLE sale_order ADD CONSTRAINT ck_sale_order_sums CHECK (list_fen - promotion_fen - coupon_fen"
    " - discount_fen - points_fen + freight_fen + rounding_fen = payable_fen AND payable_fen >= 0 AND coupon_fen >= 0"
    " AND promotion_fen >= 0 AND freight_fen >= 0"
    " AND list_fen >= promotion_fen + coupon_fen + discount_fen + points_fen),"
    " ADD CONSTRAINT ck_sale_order_rounding CHECK (rounding_fen BETWEEN -100 AND 100)",
    "ALTER TABLE order_line ADD COLUMN gift boolean NOT NULL DEFAULT false,"
    " ADD COLUMN gift_value_fen bigint NOT NULL DEFAULT 0",
    "ALTER TABLE order_line ADD CONSTRAINT ck_order_line_gift"
    " CHECK (gift_value_fen >= 0 AND (CASE WHEN gift THEN net_fen ELSE gift_value_fen END) = 0)",
    "ALTER TABLE allocation ADD COLUMN version bigint NOT NULL DEFAULT 0",
    "ALTER TABLE allocation DROP CONSTRAINT ck_allocation_source, DROP CONSTRAINT ck_allocation_source_id",
    "ALTER TABLE allocation"
    " ADD CONSTRAINT ck_allocation_source CHECK (source IN ('promotion', 'coupon', 'points', 'manual')),"
    " ADD CONSTRAINT ck_allocation_source_id CHECK ((source IN ('promotion', 'coupon')) = (source_id <> 0)),"
    " ADD CONSTRAINT ck_allocation_version CHECK ((source = 'promotion') = (version > 0))",
    """CREATE TABLE order_trace (store_id bigint NOT NULL, order_id bigint NOT NULL, trace jsonb NOT NULL,
        why_not jsonb NOT NULL, CONSTRAINT pk_order_trace PRIMARY KEY (store_id, order_id),
        CONSTRAINT fk_order_trace_store_id FOREIGN KEY (store_id, order_id) REFERENCES sale_order (store_id, id))""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
