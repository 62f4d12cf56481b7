"""Notes and sellers of till sales, credit by line, and voided tickets."""

from __future__ import annotations

from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """CREATE TABLE order_note (store_id bigint NOT NULL, order_id bigint NOT NULL, line_no bigint NOT NULL,
        note text NOT NULL, printed boolean NOT NULL, CONSTRAINT pk_order_note PRIMARY KEY (store_id, order_id, line_no),
        CONSTRAINT ck_order_note_said CHECK (note <> '' AND line_no >= 0),
        CONSTRAINT fk_order_note_store_id_sale_order FOREIGN KEY (store_id, order_id)
            REFERENCES sale_order (store_id, id))""",
    """CREATE TABLE line_seller (store_id bigint NOT NULL, order_id bigint NOT NULL, line_no bigint NOT NULL,
        seq bigint NOT NULL, staff_id bigint NOT NULL, bp bigint NOT NULL,
        CONSTRAINT pk_line_seller PRIMARY KEY (store_id, order_id, line_no, seq),
        CONSTRAINT ck_line_seller_parts CHECK (seq BETWEEN 1 AND 3 AND bp BETWEEN 1 AND 10000),
        CONSTRAINT fk_line_seller_store_id_order_line FOREIGN KEY (store_id, order_id, line_no)
            REFERENCES order_line (store_id, order_id, line_no),
        CONSTRAINT fk_line_seller_staff_id_staff FOREIGN KEY (staff_id) REFERENCES staff (id))""",
    """CREATE TABLE voided_ticket (store_id bigint NOT NULL, id text NOT NULL, till_id bigint NOT NULL,
        shift_id bigint NOT NULL, staff_id bigint NOT NULL, approver_id bigint, after_subtotal boolean NOT NULL,
        alone boolean NOT NULL, reason text NOT NULL, lines jsonb NOT NULL, payable_fen bigint NOT NULL,
        at timestamptz NOT NULL, CONSTRAINT pk_voided_ticket PRIMARY KEY (store_id, id),
        CONSTRAINT ck_voided_ticket_approved CHECK (approver_id IS NOT NULL OR NOT after_subtotal),
        CONSTRAINT fk_voided_ticket_store_id_till FOREIGN KEY (store_id, till_id) REFERENCES till (store_id, id),
        CONSTRAINT fk_voided_ticket_staff_id_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
        CONSTRAINT fk_voided_ticket_approver_id_staff FOREIGN KEY (approver_id) REFERENCES staff (id))""",
    "CREATE INDEX ix_voided_ticket_shift ON voided_ticket (store_id, shift_id)",
    "ALTER TABLE credit_share ADD COLUMN line_no bigint NOT NULL DEFAULT 0",
    "ALTER TABLE credit_share DROP CONSTRAINT ck_credit_share_role",
    """ALTER TABLE credit_share ADD CONSTRAINT ck_credit_share_role
        CHECK (role IN ('scene', 'guide', 'home', 'fulfilling', 'hq', 'seller'))""",
    "ALTER TABLE credit_share ADD CONSTRAINT ck_credit_share_line CHECK ((role = 'seller') = (line_no > 0))",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("who sold what, and what was voided, would be lost")
