"""Closed shifts become settled ones, each with a Z numbered in its store by when it was closed; an open one stays."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

AT = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
_STORE = text("""
    INSERT INTO store (id, code, name, address, phone, lat_e6, lng_e6, zone, opens_minute, closes_minute, slot_capacity,
        area) VALUES (:id, :code, :code, '', '', 0, 0, 'Asia/Shanghai', 480, 1320, 30, '[]')""")
_SHIFT = text("""
    INSERT INTO shift (store_id, id, till_id, staff_id, state, opened_at, float_fen, closed_at, counted_fen,
        expected_fen) OVERRIDING SYSTEM VALUE
    VALUES (:store, :id, :till, 1, :state, :opened, 20000, :closed, :counted, :expected)""")
_ORDER = text("""
    INSERT INTO sale_order (store_id, id, channel, mode, state, list_fen, coupon_fen, discount_fen, points_used,
        points_fen, payable_fen, earns_points, placed_at, paid_at, closed_at, remark, shift_id, till_id)
    OVERRIDING SYSTEM VALUE
    VALUES (1, :id, 'till', 'counter', 'done', 990, 0, 0, 0, 0, 990, 0, :at, :at, :at, '', :shift, 1)""")
_TENDER = text("""
    INSERT INTO tender (store_id, order_id, kind, state, amount_fen, received_fen, change_fen, created_at, paid_at,
        asked)
    VALUES (1, :order, 'cash', 'paid', 990, 990, 0, :at, :at, 0)""")


def test_closed_shifts_are_settled_and_numbered(old_database):
    with old_database("0065") as (connection, upgrade):
        for store_id, code in ((1, "A"), (2, "B")):
            connection.execute(_STORE, {"id": store_id, "code": code})
        staff = "INSERT INTO staff (id, login, name, role, store_id, password_hash, active)"
        connection.execute(text(f"{staff} VALUES (1, 'x', '小王', 'cashier', 1, '', true)"))
        for till, store in ((1, 1), (2, 1), (3, 2)):
            said = "INSERT INTO till (store_id, id, name) OVERRIDING SYSTEM VALUE VALUES (:store, :id, :name)"
            connection.execute(text(said), {"store": store, "id": till, "name": f"{till}号机"})
        for number, store, till, hours, counted in ((1, 1, 1, 9, 20_980), (2, 1, 2, 8, 20_000), (3, 2, 3, 9, None)):
            closed = None if counted is None else AT + timedelta(hours=hours)
            given = {"store": store, "id": number, "till": till, "opened": AT, "closed": closed, "counted": counted}
            state = "open" if closed is None else "closed"
            connection.execute(_SHIFT, given | {"expected": counted and 20_000, "state": state})
        connection.execute(_ORDER, {"id": 7, "shift": 1, "at": AT})
        connection.execute(_TENDER, {"order": 7, "at": AT})
        upgrade()
        shifts = connection.execute(
            text("SELECT id, state, drawer_id, counted_fen, sells_until FROM shift ORDER BY id")
        )
        found = [tuple(row) for row in shifts]
        zs = connection.execute(text("SELECT z_no, shift_id, body, hash FROM shift_z ORDER BY z_no")).all()
        drawers = {row.id: row.drawer_id for row in connection.execute(text("SELECT id, drawer_id FROM till"))}
        chain = connection.execute(text("SELECT store_id, last_no, last_hash FROM z_chain")).all()
    until = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)
    assert found == [
        (1, "settled", drawers[1], 20_980, until),
        (2, "settled", drawers[2], 20_000, until),
        (3, "open", drawers[3], None, until),
    ]
    assert len(set(drawers.values())) == 3
    assert [(row.z_no, row.shift_id) for row in zs] == [(1, 2), (2, 1)]
    first, second = (json.loads(row.body) for row in zs)
    assert (first["expected_fen"], first["difference_fen"], first["prev"]) == (20_000, 0, "00" * 32)
    assert (second["expected_fen"], second["difference_fen"], second["sales"]) == (20_990, -10, 1)
    hashes = [hashlib.sha256(row.body.encode()).digest() for row in zs]
    assert [bytes(row.hash) for row in zs] == hashes and second["prev"] == hashes[0].hex()
    assert [(row.store_id, row.last_no, bytes(row.last_hash)) for row in chain] == [(1, 2, hashes[1])]
