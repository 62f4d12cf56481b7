"""The price in force is the first row of its index: no sort in a scan."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_price_by_store ON price (sku_id, store_id DESC, from_at DESC)")
    op.execute("DROP INDEX ix_price_current")
    op.execute("ALTER INDEX ix_price_by_store RENAME TO ix_price_current")
