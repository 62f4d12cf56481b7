"""A merge says which coupons moved, so that a chain of merges comes apart again; those made before are told the same."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        UPDATE member_merge m SET moved = m.moved || jsonb_build_object('coupons', coalesce(
            (SELECT jsonb_agg(c.id ORDER BY c.id) FROM coupon c
             WHERE c.member_id = m.into_id AND c.origin_member_id = m.source_id), CAST('[]' AS jsonb)))
        WHERE m.unmerged_at IS NULL AND m.moved -> 'coupons' IS NULL""")


def downgrade() -> None:
    op.execute("UPDATE member_merge SET moved = moved - 'coupons'")
