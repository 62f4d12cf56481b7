"""Baskets put aside, with a lease and a version; limits of discounts by category and lowest prices, as data."""

from __future__ import annotations

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """CREATE TABLE held_basket (store_id bigint NOT NULL, id text NOT NULL, version bigint NOT NULL,
        state text NOT NULL, till_id bigint NOT NULL, staff_id bigint NOT NULL, member_id bigint, note text NOT NULL,
        basket jsonb NOT NULL, lines jsonb NOT NULL, payable_fen bigint NOT NULL, rules_version bigint NOT NULL,
        held_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, lease_till_id bigint, lease_until timestamptz,
        order_id bigint, CONSTRAINT pk_held_basket PRIMARY KEY (store_id, id),
        CONSTRAINT ck_held_basket_state CHECK (state IN ('dropped', 'editing', 'expired', 'held', 'sold')),
        CONSTRAINT ck_held_basket_lease CHECK ((state = 'editing') = (lease_until IS NOT NULL)),
        CONSTRAINT ck_held_basket_leased_to CHECK ((lease_until IS NULL) = (lease_till_id IS NULL)),
        CONSTRAINT ck_held_basket_ordered CHECK ((state = 'sold') = (order_id IS NOT NULL)),
        CONSTRAINT ck_held_basket_version CHECK (version > 0),
        CONSTRAINT fk_held_basket_store_id_till FOREIGN KEY (store_id, till_id) REFERENCES till (store_id, id),
        CONSTRAINT fk_held_basket_store_id_till_2 FOREIGN KEY (store_id, lease_till_id)
            REFERENCES till (store_id, id),
        CONSTRAINT fk_held_basket_store_id_sale_order FOREIGN KEY (store_id, order_id)
            REFERENCES sale_order (store_id, id),
        CONSTRAINT fk_held_basket_staff_id_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
        CONSTRAINT fk_held_basket_member_id_member FOREIGN KEY (member_id) REFERENCES member (id))""",
    "CREATE INDEX ix_held_basket_open ON held_basket (store_id, held_at) WHERE state IN ('held', 'editing')",
    "CREATE INDEX ix_held_basket_expires_at ON held_basket (expires_at) WHERE state IN ('held', 'editing')",
    "CREATE INDEX ix_held_basket_order ON held_basket (store_id, order_id)",
    """CREATE TABLE discount_limit (role text NOT NULL, category_id bigint NOT NULL, limit_bp bigint NOT NULL,
        CONSTRAINT pk_discount_limit PRIMARY KEY (role, category_id),
        CONSTRAINT ck_discount_limit_bp CHECK (limit_bp BETWEEN 0 AND 10000))""",
    """CREATE TABLE price_floor (sku_id bigint NOT NULL, floor_fen bigint NOT NULL,
        CONSTRAINT pk_price_floor PRIMARY KEY (sku_id),
        CONSTRAINT ck_price_floor_positive CHECK (floor_fen > 0),
        CONSTRAINT fk_price_floor_sku_id_sku FOREIGN KEY (sku_id) REFERENCES sku (id))""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was put aside would be lost")
