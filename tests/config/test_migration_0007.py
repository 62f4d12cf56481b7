"""Orders that are there when growth arrives are counted as the job would have counted them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

AT = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
# id, member, state, paid, payable, refunded
ORDERS: tuple[tuple[Any, ...], ...] = (
    (1, 1, "done", True, 9_990, 0),
    (2, 1, "done", True, 9_990, 6_660),
    (3, 1, "paid", True, 25_050, 0),
    (4, 1, "cancelled", True, 5_000, 0),
    (5, 1, "placed", False, 7_000, 0),
    (6, 2, "done", True, 99, 0),
    (7, None, "done", True, 9_900, 0),
    (8, 2, "done", True, 500, 500),
)
_MEMBER = text("INSERT INTO member (id, name, tier, created_at) VALUES (:id, '', :tier, :at)")
_ORDER = text("""
    INSERT INTO sale_order (store_id, id, channel, state, member_id, list_fen, discount_fen, points_used, points_fen,
        payable_fen, earns_points, placed_at, paid_at, closed_at, remark)
    OVERRIDING SYSTEM VALUE VALUES (1, :id, 'mall', :state, :member, :payable, 0, 0, 0, :payable, 0, :at, :paid_at,
        :at, '')""")
_RETURN = text("""
    INSERT INTO sale_return (store_id, order_id, at_store_id, refund_fen, points_back, points_clawed, at)
    VALUES (1, :id, 1, :refunded, 0, 0, :at)""")


@pytest.fixture
def grown(old_database):
    """A database that was in use before growth came."""
    with old_database("0002") as (connection, upgrade):
        for member, tier in ((1, "gold"), (2, "standard")):
            connection.execute(_MEMBER, {"id": member, "tier": tier, "at": AT})
        for number, member, state, paid, payable, refunded in ORDERS:
            given = {"id": number, "member": member, "state": state, "payable": payable, "at": AT}
            connection.execute(_ORDER, {**given, "paid_at": AT if paid else None})
            if refunded:
                connection.execute(_RETURN, {"id": number, "refunded": refunded, "at": AT})
        upgrade()
        yield connection


def test_growth_of_old_orders_is_there_and_tiers_are_kept(grown):
    accounts = grown.execute(text("SELECT member_id, balance, pending FROM lot_account WHERE account = 'growth'")).all()
    assert sorted(map(tuple, accounts)) == [(1, 99 + 99 - 66, 250), (2, 0, 0)]
    lots = grown.execute(text("SELECT source, initial, remaining, state FROM lot ORDER BY source")).all()
    assert list(map(tuple, lots)) == [
        ("order:1", 99, 99, "available"),
        ("order:2", 99, 33, "available"),
        ("order:3", 250, 250, "pending"),
        ("order:4", 50, 0, "pending"),
        ("order:8", 5, 0, "available"),
    ]
    assert grown.execute(text("SELECT count(*) FROM lot WHERE entry_id IS NULL")).scalar() == 0
    standing = grown.execute(text("SELECT member_id, confirmed, evaluate_at = due_at FROM tier_standing")).all()
    assert list(map(tuple, standing)) == [(1, "gold", True)]
    kept = grown.execute(text("SELECT order_id, kept_fen FROM member_purchase ORDER BY 1")).all()
    assert list(map(tuple, kept)) == [(1, 9990), (2, 3330), (3, 25050), (4, 0), (6, 99), (8, 0)]
