"""Tickets of customers, what was said in them, and the exception of one that is late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0088"
down_revision = "0095"
branch_labels = None
depends_on = None

_KIND = """DO $$ DECLARE known text; BEGIN
    SELECT pg_get_constraintdef(oid) INTO known FROM pg_constraint WHERE conname = 'ck_exception_case_kind';
    ALTER TABLE exception_case DROP CONSTRAINT ck_exception_case_kind;
    EXECUTE 'ALTER TABLE exception_case ADD CONSTRAINT ck_exception_case_kind ' || replace(known,
        quote_literal('channel_drift'), quote_literal('ticket_overdue') || '::text, '
        || quote_literal('channel_drift'));
END $$"""
_AT = ("asked_at", "changed_at")
_MAY_AT = ("due_at", "close_at", "alarmed_at", "closed_at")


def upgrade() -> None:
    op.create_table(
        "service_ticket",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("office", sa.Boolean(), nullable=False),
        *[sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in _AT],
        *[sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in _MAY_AT],
        sa.Column("closed_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'answered', 'closed')", name=op.f("ck_service_ticket_state")),
        sa.CheckConstraint(
            "kind IN ('order', 'goods', 'refund', 'complaint', 'other')", name=op.f("ck_service_ticket_kind")
        ),
        sa.CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name=op.f("ck_service_ticket_due")),
        sa.CheckConstraint("(state = 'answered') = (close_at IS NOT NULL)", name=op.f("ck_service_ticket_close_at")),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_service_ticket_closed")),
        sa.CheckConstraint("office OR store_id IS NOT NULL", name=op.f("ck_service_ticket_somebodys")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_service_ticket_member_id_member")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_service_ticket_store_id_store")),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"],
            name=op.f("fk_service_ticket_store_id_sale_order"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_ticket")),
    )  # fmt: skip
    op.create_index("ix_service_ticket_member", "service_ticket", ["member_id", "id"])
    is_open = sa.text("state <> 'closed'")
    op.create_index("ix_service_ticket_open", "service_ticket", ["due_at"], postgresql_where=is_open)
    op.create_table(
        "ticket_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["service_ticket.id"], name=op.f("fk_ticket_message_ticket_id_service_ticket")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_ticket_message_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_message")),
    )
    op.create_index("ix_ticket_message_ticket", "ticket_message", ["ticket_id", "id"])
    op.execute(_KIND)


def downgrade() -> None:
    raise NotImplementedError("open cases of the kind would be lost")
