"""Where an order is delivered to."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"

_STATEMENTS = (
    """CREATE TABLE order_address (store_id bigint NOT NULL, order_id bigint NOT NULL, sealed bytea NOT NULL,
        name_masked text NOT NULL, phone_masked text NOT NULL, region text NOT NULL, region_name text NOT NULL,
        lat_e6 bigint, lng_e6 bigint, at timestamptz NOT NULL,
        CONSTRAINT pk_order_address PRIMARY KEY (store_id, order_id),
        CONSTRAINT fk_order_address_store_id FOREIGN KEY (store_id, order_id) REFERENCES sale_order (store_id, id),
        CONSTRAINT ck_order_address_region CHECK (region ~ '^[1-9][0-9]{5}$'),
        CONSTRAINT ck_order_address_point CHECK ((lat_e6 IS NULL) = (lng_e6 IS NULL)))""",
    "CREATE INDEX ix_order_address_at ON order_address (at)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE order_address")
