"""Orders that were with a store when parcels came stand where they stood, each with its one parcel."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

AT = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
# id, channel, state before
ORDERS = (
    (1, "mall", "placed"),
    (2, "mall", "paid"),
    (3, "mall", "preparing"),
    (4, "mall", "ready"),
    (5, "mall", "done"),
    (6, "mall", "cancelled"),
    (7, "till", "done"),
)
_ORDER = text("""
    INSERT INTO sale_order (store_id, id, channel, state, list_fen, coupon_fen, discount_fen, points_used, points_fen,
        payable_fen, earns_points, placed_at, paid_at, closed_at, promise_at, remark, pickup_hash, pickup_sealed,
        handed_by)
    OVERRIDING SYSTEM VALUE VALUES (1, :id, :channel, :state, 100, 0, 0, 0, 0, 100, 0, :at, :paid_at, :closed_at, :at,
        '', :code, :code, CASE WHEN :state = 'done' THEN 3 END)""")
_LINE = text("""
    INSERT INTO order_line (store_id, order_id, line_no, sku_id, name, spec, unit, weighed, qty, unit_price_fen,
        list_fen, net_fen, picked_qty) VALUES (1, :id, 1, 9, '', '', '', false, 2, 50, 100, 100, :picked)""")
_PARCELS = text("""
    SELECT p.order_id, o.state, o.mode, p.state, p.at_store_id, l.qty, l.picked_qty, l.handed_qty,
           p.pickup_hash IS NOT NULL, a.outcome, p.handed_by
    FROM parcel p JOIN sale_order o ON o.id = p.order_id JOIN parcel_line l ON l.parcel_id = p.id
    JOIN assignment a ON a.parcel_id = p.id ORDER BY 1""")

_WORDS = text("SELECT id, state || ' ' || mode AS word FROM sale_order")


def test_old_orders_have_their_parcel_and_their_code(old_database):
    with old_database("0023") as (connection, upgrade):
        for number, channel, state in ORDERS:
            code = b"hash" if (state, channel) in (("ready", "mall"), ("done", "mall")) else None
            given = {
                "id": number,
                "channel": channel,
                "state": state,
                "at": AT,
                "code": code and code + bytes([number]),
            }
            given["paid_at"] = None if state == "placed" else AT
            given["closed_at"] = AT if state in ("done", "cancelled") else None
            connection.execute(_ORDER, given)
            connection.execute(_LINE, {"id": number, "picked": 1 if state == "preparing" else 0})
        upgrade()
        found = [tuple(row) for row in connection.execute(_PARCELS)]
        states = {row.id: row.word for row in connection.execute(_WORDS)}
    assert found == [
        (2, "confirmed", "pickup", "assigned", 1, 2, 0, 0, False, None, None),
        (3, "confirmed", "pickup", "picking", 1, 2, 1, 0, False, "accepted", None),
        (4, "confirmed", "pickup", "ready", 1, 2, 2, 0, True, "accepted", None),
        (5, "done", "pickup", "delivered", 1, 2, 2, 2, True, "accepted", 3),
    ]
    assert (states[1], states[6], states[7]) == ("placed pickup", "cancelled pickup", "done counter")
