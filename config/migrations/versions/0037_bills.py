"""WeChat's daily bills, and what the match with them came to."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"

_STATEMENTS = (
    """CREATE TABLE bill (day date NOT NULL, source text NOT NULL, digest text NOT NULL, lines bigint NOT NULL,
        fetched_at timestamptz NOT NULL,
        CONSTRAINT pk_bill PRIMARY KEY (day, source), CONSTRAINT ck_bill_source CHECK (source IN ('trade', 'fund')))""",
    """CREATE TABLE bill_line (day date NOT NULL, source text NOT NULL, line_no bigint NOT NULL, kind text NOT NULL,
        at timestamptz NOT NULL, transaction_id text NOT NULL, no text NOT NULL, amount_fen bigint NOT NULL,
        fee_e5 bigint NOT NULL, state text NOT NULL,
        CONSTRAINT pk_bill_line PRIMARY KEY (day, source, line_no),
        CONSTRAINT ck_bill_line_kind CHECK (kind IN ('paid', 'refund', 'fee')))""",
    "CREATE INDEX ix_bill_line_no ON bill_line (no)",
    """CREATE TABLE match_day (day date NOT NULL, payments bigint NOT NULL, paid_fen bigint NOT NULL,
        refunds bigint NOT NULL, refunded_fen bigint NOT NULL, fee_e5 bigint NOT NULL, differences bigint NOT NULL,
        difference_fen bigint NOT NULL, matched_at timestamptz NOT NULL,
        CONSTRAINT pk_match_day PRIMARY KEY (day),
        CONSTRAINT ck_match_day_counts CHECK (payments >= 0 AND refunds >= 0 AND differences >= 0))""",
    """CREATE TABLE match_difference (day date NOT NULL, kind text NOT NULL, no text NOT NULL, store_id bigint,
        order_id bigint, bill_fen bigint NOT NULL, our_fen bigint NOT NULL, found_at timestamptz NOT NULL,
        gone_at timestamptz, CONSTRAINT pk_match_difference PRIMARY KEY (day, kind, no))""",
    "CREATE INDEX ix_match_difference_open ON match_difference (day) WHERE gone_at IS NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("match_difference", "match_day", "bill_line", "bill"):
        op.execute(f"DROP TABLE {table}")
