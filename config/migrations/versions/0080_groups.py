"""Groups of buyers, and the orders in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "group_buy",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("promotion_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fill_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'formed', 'failed')", name=op.f("ck_group_buy_state")),
        sa.CheckConstraint("people >= 2 AND taken BETWEEN 0 AND people", name=op.f("ck_group_buy_taken")),
        sa.CheckConstraint("state <> 'formed' OR taken = people", name=op.f("ck_group_buy_formed")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_group_buy_ended")),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name=op.f("fk_group_buy_promotion_id_promotion")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_group_buy_store_id_store")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_buy")),
    )
    waits = sa.text("state = 'open'")
    op.create_index("ix_group_buy_open", "group_buy", ["fill_by"], postgresql_where=waits)
    op.create_index("ix_group_buy_of_offer", "group_buy", ["promotion_id", "store_id"], postgresql_where=waits)
    op.create_table(
        "group_seat",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("promotion_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'taken', 'left')", name=op.f("ck_group_seat_state")),
        sa.CheckConstraint("state = 'asked' OR group_id IS NOT NULL", name=op.f("ck_group_seat_grouped")),
        sa.CheckConstraint("(state = 'asked') = (taken_at IS NULL)", name=op.f("ck_group_seat_taken_at")),
        sa.CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name=op.f("ck_group_seat_left_at")),
        sa.ForeignKeyConstraint(["group_id"], ["group_buy.id"], name=op.f("fk_group_seat_group_id_group_buy")),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name=op.f("fk_group_seat_promotion_id_promotion")),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["sale_order.store_id", "sale_order.id"],
            name=op.f("fk_group_seat_store_id_sale_order"),
        ),
        sa.PrimaryKeyConstraint("store_id", "order_id", name=op.f("pk_group_seat")),
    )
    op.create_index("ix_group_seat_group", "group_seat", ["group_id"])


def downgrade() -> None:
    op.drop_table("group_seat")
    op.drop_table("group_buy")
