"""What members say of themselves: nickname, birthday, gender."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE member ADD COLUMN nickname text NOT NULL DEFAULT '', ADD COLUMN birthday date,"
        " ADD COLUMN gender text,"
        " ADD CONSTRAINT ck_member_gender CHECK (gender IN ('female', 'male', 'unsaid'))"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE member DROP COLUMN nickname, DROP COLUMN birthday, DROP COLUMN gender")
