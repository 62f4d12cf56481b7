"""What orders held when stock got its buckets stands in the bucket of their state."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from config.db import engine, make_engine
from config.migrate import SCRIPTS

NAME = "tongdian_test_migration_0027"
AT = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
STATES = ("placed", "paid", "preparing", "ready")
_BEFORE = (
    "INSERT INTO store (id, code, name, address, phone, lat_e6, lng_e6, zone, opens_minute, closes_minute,"
    " slot_capacity, area) VALUES (1, 'S1', '', '', '', 0, 0, 'Asia/Shanghai', 0, 60, 1, '[]')",
    "INSERT INTO category (id, name, picture, position) VALUES (1, '', '', 1)",
    "INSERT INTO product (id, category_id, name, pinyin, brand, description, picture)"
    " VALUES (1, 1, '', '', '', '', '')",
    "INSERT INTO sku (id, product_id, spec, unit, weighed) VALUES (1, 1, '', '', false), (2, 1, '', '', false)",
    "INSERT INTO stock_level (store_id, sku_id, on_hand, held) VALUES (1, 1, 20, 13), (1, 2, 5, 0)",
    "INSERT INTO stock_set_aside (store_id, sku_id, promotion_id, qty) VALUES (1, 1, 1, 3)",
)
_ORDER = text("""
    INSERT INTO sale_order (store_id, id, channel, state, list_fen, discount_fen, points_used, points_fen,
        payable_fen, earns_points, coupon_fen, placed_at, remark)
    OVERRIDING SYSTEM VALUE VALUES (1, :id, 'mall', :state, 0, 0, 0, 0, 0, 0, 0, :at, '')""")


@pytest.fixture
def grown(migrated):
    """A database that was in use before stock had buckets: orders of 1 to 4 units, and 3 that a promotion keeps."""
    url = engine().url.set(database=NAME)
    with engine().connect() as admin:
        admin.execute(text(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)"))
        admin.execute(text(f"CREATE DATABASE {NAME}"))
    old = make_engine(url.render_as_string(hide_password=False), pool=1)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with old.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0026")
        for statement in _BEFORE:
            connection.execute(text(statement))
        for number, state in enumerate(STATES, 1):
            connection.execute(_ORDER, {"id": number, "state": state, "at": AT})
            connection.execute(
                text("INSERT INTO stock_hold (store_id, order_id, sku_id, qty) VALUES (1, :id, 1, :id)"), {"id": number}
            )
        command.upgrade(config, "0027")
        yield connection
    old.dispose()
    with engine().connect() as admin:
        admin.execute(text(f"DROP DATABASE {NAME} WITH (FORCE)"))


def test_paid_promises_of_old_orders_are_committed(grown):
    levels = grown.execute(
        text("SELECT on_hand, held, committed, free_till, free_online FROM stock_level ORDER BY sku_id")
    )
    assert list(map(tuple, levels)) == [(20, 1 + 3, 2 + 3 + 4, 7, 7), (5, 0, 0, 5, 5)]
    holds = grown.execute(text("SELECT bucket, qty FROM stock_hold ORDER BY order_id"))
    assert list(map(tuple, holds)) == [("held", 1), ("committed", 2), ("committed", 3), ("committed", 4)]
