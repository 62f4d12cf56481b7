"""Delivery areas that were degrees are whole millionths of a degree, and every store can do what it could."""

from __future__ import annotations

import json

from sqlalchemy import text

_STORE = text("""
    INSERT INTO store (id, code, name, address, phone, lat_e6, lng_e6, zone, opens_minute, closes_minute, slot_capacity,
        area)
    VALUES (:id, :id, '', '', '', 30281400, 120128800, 'Asia/Shanghai', 480, 1320, 30, CAST(:area AS jsonb))""")
AREA = [[30.2514, 120.0968], [30.2514, 120.1608], [30.3114, 120.1608], [30.311401, 120.0968]]


def test_areas_become_whole_numbers_corner_by_corner(old_database):
    with old_database("0031") as (connection, upgrade):
        for number, area in enumerate((AREA, []), 1):
            connection.execute(_STORE, {"id": number, "area": json.dumps(area)})
        upgrade()
        rows = connection.execute(text("SELECT * FROM store ORDER BY id")).all()
    assert [row.area for row in rows] == [
        [[30251400, 120096800], [30251400, 120160800], [30311400, 120160800], [30311401, 120096800]],
        [],
    ]
    assert {(row.offers_pickup, row.offers_delivery, row.offers_ship, row.capacity_minutes) for row in rows} == {
        (True, True, True, 120)
    }
