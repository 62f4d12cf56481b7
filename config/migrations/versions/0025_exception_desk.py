"""One desk for everything that went wrong; the differences of the books move onto it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"

KINDS = (
    "unroutable", "short_pick", "paid_late", "amount_mismatch", "address_undeliverable", "duplicate", "store_time_out",
    "refund_failed", "shipping_info_failed", "adapter_rejected", "invoice_failed", "points_deficit", "stock_broken",
    "job_failed", "book_differs", "channel_drift",
)  # fmt: skip
MOMENT = sa.DateTime(timezone=True)

MOVE = """
    INSERT INTO exception_case (kind, subject, store_id, order_id, at_store_id, money_fen, at_stake, unit, cause,
        facts, opened_at, seen_at, due_at, owner, taken_at, tries, resolved_at, resolver, note)
    SELECT 'book_differs', book || ' ' || key, (facts ->> 'store_id')::bigint, (facts ->> 'order_id')::bigint,
        (facts ->> 'store_id')::bigint, CASE WHEN unit = 'fen' THEN at_stake ELSE 0 END, at_stake, unit, book, facts,
        opened_at, seen_at, due_at, coalesce(owner, 'finance'), CASE WHEN owner IS NOT NULL THEN seen_at END, 0,
        resolved_at, resolver, note
    FROM book_exception ORDER BY id"""


def upgrade() -> None:
    """Make the table, move the rows, drop the old one."""
    op.create_table(
        "exception_case",
        sa.Column("id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "subject")),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("store_id", "order_id", "at_store_id")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("money_fen", "at_stake")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("unit", "cause")),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("opened_at", "seen_at", "due_at")),
        sa.Column("owner", sa.Text(), nullable=False),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("taken_at", "next_try_at")),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolver", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ({})".format(", ".join(f"'{kind}'" for kind in KINDS)), name=op.f("ck_exception_case_kind")
        ),
        sa.CheckConstraint(
            "money_fen >= 0 AND at_stake >= 0 AND tries >= 0", name=op.f("ck_exception_case_not_negative")
        ),
        sa.CheckConstraint("unit <> 'fen' OR at_stake = money_fen", name=op.f("ck_exception_case_unit")),
        sa.CheckConstraint("(resolved_at IS NULL) = (resolver IS NULL)", name=op.f("ck_exception_case_resolved")),
        sa.CheckConstraint(
            "resolved_at IS NULL OR next_try_at IS NULL", name=op.f("ck_exception_case_no_try_after_the_end")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exception_case")),
    )
    waiting = sa.text("resolved_at IS NULL")
    op.create_index(
        "uq_exception_case_open", "exception_case", ["kind", "subject"], unique=True, postgresql_where=waiting
    )
    op.create_index("ix_exception_case_waiting", "exception_case", ["due_at", "id"], postgresql_where=waiting)
    op.create_index("ix_exception_case_order", "exception_case", ["store_id", "order_id"])
    op.create_index("ix_exception_case_opened_at", "exception_case", ["opened_at"])
    op.execute(MOVE)
    op.drop_table("book_exception")
