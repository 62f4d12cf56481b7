"""Phones, WeChat accounts and devices that had a newcomer's reward."""

from __future__ import annotations

from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE reward_mark (
            reward text NOT NULL, kind text NOT NULL, print bytea NOT NULL, at timestamptz NOT NULL,
            CONSTRAINT pk_reward_mark PRIMARY KEY (reward, kind, print),
            CONSTRAINT ck_reward_mark_kind CHECK (kind IN ('phone', 'openid', 'device')))""")
    op.execute("CREATE INDEX ix_reward_mark_at ON reward_mark (at)")


def downgrade() -> None:
    op.execute("DROP TABLE reward_mark")
