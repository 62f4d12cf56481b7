"""How far each till's chain is whole, and voided tickets with their reason as one word of four, in which is no person.

Reasons that nobody could choose at a till are `other`; what was said then is not kept.
"""

from __future__ import annotations

from alembic import op

revision = "0074"
down_revision = "0080"
branch_labels = None
depends_on = None

_REASONS = {
    "left": ("顾客不要了", "The customer left"),
    "wrong": ("录错了", "Rung up wrongly"),
    "money": ("付不了款", "It could not be paid"),
    "again": ("重新开单", "To be rung up anew"),
}
_CASES = " ".join(f"WHEN reason IN ('{zh}', '{en}') THEN '{code}'" for code, (zh, en) in _REASONS.items())


def upgrade() -> None:
    op.execute("ALTER TABLE till_device ADD COLUMN whole_seq bigint NOT NULL DEFAULT 0")
    op.execute("""
        UPDATE till_device d SET whole_seq = island.upto FROM (
            SELECT store_id, device_id, min(seq) AS upto FROM (
                SELECT store_id, device_id, seq,
                       lead(seq) OVER (PARTITION BY store_id, device_id ORDER BY seq) AS next,
                       min(seq) OVER (PARTITION BY store_id, device_id) AS begins
                FROM till_document) AS t
            WHERE next IS DISTINCT FROM seq + 1 AND begins = 1 GROUP BY 1, 2) AS island
        WHERE island.store_id = d.store_id AND island.device_id = d.device_id""")
    op.execute(f"UPDATE voided_ticket SET reason = CASE {_CASES} ELSE 'other' END")
    op.execute(
        "ALTER TABLE voided_ticket ADD CONSTRAINT ck_voided_ticket_reason"
        " CHECK (reason IN ('left', 'wrong', 'money', 'again', 'other'))"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE voided_ticket DROP CONSTRAINT ck_voided_ticket_reason")
    op.execute("ALTER TABLE till_device DROP COLUMN whole_seq")
