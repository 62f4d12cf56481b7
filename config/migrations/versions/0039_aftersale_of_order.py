"""An after-sales case is whose its order is, so it keeps no member of its own."""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.execute("ALTER TABLE aftersale_case DROP COLUMN member_id")


def downgrade() -> None:
    op.execute("ALTER TABLE aftersale_case ADD COLUMN member_id bigint")
    op.execute(
        "UPDATE aftersale_case c SET member_id = o.member_id FROM sale_order o"
        " WHERE o.store_id = c.store_id AND o.id = c.order_id"
    )
    op.execute("CREATE INDEX ix_aftersale_case_member ON aftersale_case (member_id, id DESC)")
