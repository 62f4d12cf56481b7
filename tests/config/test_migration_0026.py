"""Money that was late, and refunds that were stuck, before either had a place of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

AT = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
_ORDER = text("""
    INSERT INTO sale_order (store_id, id, channel, state, list_fen, discount_fen, points_used, points_fen, payable_fen,
        earns_points, coupon_fen, placed_at, paid_at, closed_at, remark)
    OVERRIDING SYSTEM VALUE VALUES (1, :id, 'mall', :state, 990, 0, 0, 0, 990, 0, 0, :at, :paid_at, :at, '')""")
_TENDER = text("""
    INSERT INTO tender (store_id, id, order_id, kind, state, amount_fen, received_fen, change_fen, trade_no, created_at,
        asked) OVERRIDING SYSTEM VALUE VALUES (1, :id, :order, 'wechat', :state, 990, 0, 0, 'T' || :no, :at, 0)""")
_REFUND = text("""
    INSERT INTO refund (store_id, id, tender_id, order_id, kind, state, amount_fen, refund_no, reason, created_at,
        asked)
    OVERRIDING SYSTEM VALUE VALUES (1, :id, :tender, :order, 'wechat', :state, 990, :no, 'x', :at, 0)""")


def test_what_was_refunded_late_is_late_and_what_wechat_gave_up_is_owed_anew(old_database):
    with old_database("0025") as (connection, upgrade):
        for order, state, paid in ((1, "cancelled", False), (2, "done", True)):
            connection.execute(_ORDER, {"id": order, "state": state, "at": AT, "paid_at": AT if paid else None})
        for tender, order, state in ((1, 1, "closed"), (2, 2, "paid"), (3, 2, "closed")):
            connection.execute(_TENDER, {"id": tender, "order": order, "state": state, "no": str(tender), "at": AT})
        rows = ((1, 1, 1, "done", "L1"), (2, 3, 2, "requested", "L3"), (3, 2, 2, "closed", "R3"))
        for number, tender, order, state, no in rows:
            given = {"id": number, "tender": tender, "order": order, "state": state, "no": no, "at": AT}
            connection.execute(_REFUND, given)
        connection.execute(text("SELECT setval(pg_get_serial_sequence('refund', 'id'), 9)"))
        upgrade()
        late = connection.execute(text("SELECT tender_id, cause, state FROM late_payment ORDER BY 1")).all()
        assert list(map(tuple, late)) == [(1, "ended_unpaid", "refunded"), (3, "overpaid", "open")]
        tenders = connection.execute(text("SELECT id, state FROM tender ORDER BY 1")).all()
        assert list(map(tuple, tenders)) == [(1, "late"), (2, "paid"), (3, "late")]
        owed = connection.execute(text("SELECT refund_no, state, ask_at IS NULL FROM refund ORDER BY id")).all()
        assert list(map(tuple, owed)) == [
            ("L1", "done", True), ("L3", "requested", False), ("R3", "closed", True), ("R3-2", "requested", False),
        ]  # fmt: skip
        credits = text("SELECT data ->> 'order_id' FROM journal WHERE kind = 'effect.post_credits'")
        assert connection.execute(credits).scalars().all() == ["2"]
