"""What the proofs found: exceptions with the amount."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One open row of a (book, key); closed rows are kept."""
    op.create_table(
        "book_exception",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at_stake", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolver", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("at_stake >= 0", name=op.f("ck_book_exception_at_stake")),
        sa.CheckConstraint("(resolved_at IS NULL) = (resolver IS NULL)", name=op.f("ck_book_exception_resolved")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_exception")),
    )
    op.create_index(
        "uq_book_exception_open",
        "book_exception",
        ["book", "key"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index("ix_book_exception_opened_at", "book_exception", ["opened_at"])
