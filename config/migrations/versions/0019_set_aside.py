"""Goods set aside for a promotion."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE stock_set_aside (store_id bigint NOT NULL, sku_id bigint NOT NULL, promotion_id bigint NOT NULL,"
        " qty bigint NOT NULL, CONSTRAINT pk_stock_set_aside PRIMARY KEY (store_id, sku_id, promotion_id),"
        " CONSTRAINT ck_stock_set_aside_not_negative CHECK (qty >= 0))"
    )
    op.execute("CREATE INDEX ix_stock_set_aside_promotion_id ON stock_set_aside (promotion_id)")
