"""Payment codes at the till: which way a WeChat tender is paid, and what a code needs."""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"

_OPEN = "way = 'code' AND state IN ('created', 'prepaid', 'closing')"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE tender ADD COLUMN way text, ADD COLUMN code_hash bytea, ADD COLUMN till_id bigint,
            ADD COLUMN shift_id bigint, ADD COLUMN said text, ADD COLUMN sent_at timestamptz,
            ADD COLUMN reversing_at timestamptz""")
    op.execute("UPDATE tender SET way = 'jsapi' WHERE kind = 'wechat'")
    op.execute("""
        ALTER TABLE tender ADD CONSTRAINT ck_tender_way
            CHECK (way IN ('jsapi', 'code') AND kind = 'wechat' OR way IS NULL AND kind <> 'wechat'),
        ADD CONSTRAINT ck_tender_code CHECK (way IS DISTINCT FROM 'code' OR (code_hash IS NOT NULL
            AND till_id IS NOT NULL AND shift_id IS NOT NULL AND order_id IS NOT NULL))""")
    op.execute(f"CREATE UNIQUE INDEX uq_tender_open_till ON tender (store_id, till_id) WHERE {_OPEN}")
    op.execute(f"CREATE UNIQUE INDEX uq_tender_open_code ON tender (code_hash) WHERE {_OPEN}")


def downgrade() -> None:
    op.execute("DROP INDEX uq_tender_open_code")
    op.execute("DROP INDEX uq_tender_open_till")
    op.execute("""
        ALTER TABLE tender DROP CONSTRAINT ck_tender_code, DROP CONSTRAINT ck_tender_way, DROP COLUMN way,
            DROP COLUMN code_hash, DROP COLUMN till_id, DROP COLUMN shift_id, DROP COLUMN said, DROP COLUMN sent_at,
            DROP COLUMN reversing_at""")
