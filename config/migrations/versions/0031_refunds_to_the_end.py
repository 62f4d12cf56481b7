"""Refunds to the end: what is stuck is asked about again, what WeChat gave up is owed under the next number."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"

_OPEN = "CREATE INDEX ix_refund_open ON refund (ask_at) WHERE state IN ('requested', 'accepted'{})"
_STATEMENTS = (
    "DROP INDEX ix_refund_open",
    _OPEN.format(", 'abnormal'"),
    "UPDATE refund SET ask_at = now() WHERE kind = 'wechat' AND state IN ('requested', 'accepted', 'abnormal')"
    " AND ask_at IS NULL",
    """INSERT INTO refund (store_id, tender_id, order_id, top_up_id, return_id, shift_id, kind, state, amount_fen,
            refund_no, reason, created_at, ask_at, asked)
        SELECT store_id, tender_id, order_id, top_up_id, return_id, shift_id, kind, 'requested', amount_fen,
               refund_no || '-2', reason, now(), now(), 0
        FROM refund r WHERE state = 'closed' AND kind = 'wechat' AND NOT EXISTS (
            SELECT FROM refund again WHERE again.store_id = r.store_id AND again.tender_id = r.tender_id
              AND again.id > r.id AND again.state <> 'closed' AND again.amount_fen = r.amount_fen
              AND again.return_id IS NOT DISTINCT FROM r.return_id)
        ON CONFLICT (refund_no) DO NOTHING""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX ix_refund_open")
    op.execute(_OPEN.format(""))
