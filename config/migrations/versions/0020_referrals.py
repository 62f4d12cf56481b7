"""Invitations: a code a member, who invited whom, and what came of it."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

_STATEMENTS = (
    "ALTER TABLE member ADD COLUMN invite_code text, ADD CONSTRAINT uq_member_invite_code UNIQUE (invite_code)",
    """CREATE TABLE referral (invited_id bigint NOT NULL, inviter_id bigint NOT NULL, at timestamptz NOT NULL,
        outcome text, settled_at timestamptz, paid_to bigint, friend_id bigint, store_id bigint, order_id bigint,
        points bigint NOT NULL DEFAULT 0, friend_points bigint NOT NULL DEFAULT 0,
        CONSTRAINT pk_referral PRIMARY KEY (invited_id),
        CONSTRAINT fk_referral_invited_id FOREIGN KEY (invited_id) REFERENCES member (id),
        CONSTRAINT fk_referral_inviter_id FOREIGN KEY (inviter_id) REFERENCES member (id),
        CONSTRAINT ck_referral_self CHECK (inviter_id <> invited_id),
        CONSTRAINT ck_referral_outcome CHECK (outcome IN ('paid', 'capped', 'late', 'void')),
        CONSTRAINT ck_referral_settled CHECK ((outcome IS NULL) = (settled_at IS NULL)),
        CONSTRAINT ck_referral_points CHECK (points >= 0 AND friend_points >= 0))""",
    "CREATE INDEX ix_referral_inviter ON referral (inviter_id, at DESC)",
    "CREATE INDEX ix_referral_waiting ON referral (at) WHERE outcome IS NULL",
    "CREATE INDEX ix_referral_friend ON referral (friend_id) WHERE outcome = 'paid'",
    "CREATE INDEX ix_referral_paid ON referral (paid_to, settled_at) WHERE outcome = 'paid'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE referral")
    op.execute("ALTER TABLE member DROP COLUMN invite_code")
