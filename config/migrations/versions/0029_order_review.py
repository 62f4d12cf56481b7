"""Review of orders before the stores work on them, and its rules; what is paid already needs none."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"

_STATEMENTS = (
    """CREATE TABLE order_review (store_id bigint NOT NULL, order_id bigint NOT NULL, state text NOT NULL,
        reasons jsonb NOT NULL, judged_at timestamptz, owner text, taken_at timestamptz, due_at timestamptz,
        decided_at timestamptz, decided_by text, note text NOT NULL,
        CONSTRAINT pk_order_review PRIMARY KEY (store_id, order_id),
        CONSTRAINT fk_order_review_store_id_sale_order FOREIGN KEY (store_id, order_id)
            REFERENCES sale_order (store_id, id),
        CONSTRAINT ck_order_review_state CHECK (state IN ('none', 'auto_passed', 'hold', 'passed', 'rejected')),
        CONSTRAINT ck_order_review_held_for CHECK (state <> 'hold' OR (jsonb_array_length(reasons) > 0
            AND owner IS NOT NULL AND due_at IS NOT NULL)),
        CONSTRAINT ck_order_review_decided CHECK
            ((state IN ('auto_passed', 'passed', 'rejected')) = (decided_at IS NOT NULL)),
        CONSTRAINT ck_order_review_decided_by CHECK ((decided_at IS NULL) = (decided_by IS NULL)))""",
    "CREATE INDEX ix_order_review_held ON order_review (due_at) WHERE state = 'hold'",
    "CREATE INDEX ix_order_review_judged_at ON order_review (judged_at)",
    """CREATE TABLE review_terms (version bigint NOT NULL, body jsonb NOT NULL, at timestamptz NOT NULL,
        actor text NOT NULL, CONSTRAINT pk_review_terms PRIMARY KEY (version))""",
    """INSERT INTO order_review (store_id, order_id, state, reasons, judged_at, decided_at, decided_by, note)
        SELECT store_id, id, 'passed', '[]', NULL, paid_at, 'migration', '' FROM sale_order
        WHERE channel = 'mall' AND paid_at IS NOT NULL AND state <> 'cancelled'""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
