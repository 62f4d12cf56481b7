"""What was noted of parcels becomes messages of their orders' members."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

AT = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
_ORDER = text("""
    INSERT INTO sale_order (store_id, id, channel, mode, state, list_fen, coupon_fen, discount_fen, points_used,
        points_fen, payable_fen, earns_points, placed_at, remark, member_id)
    OVERRIDING SYSTEM VALUE
    VALUES (1, :id, 'mall', 'pickup', 'confirmed', 100, 0, 0, 0, 0, 100, 0, :at, '', :member)""")
_NOTICE = text("""
    INSERT INTO parcel_notice (store_id, parcel_id, event, version, order_id, status, way, sends, asked_at, answered_at)
    VALUES (1, :parcel, :event, :version, :order, :status, 'x', :sends, :at, :answered)""")
_MESSAGES = text("SELECT member_id, kind, event, subject, version, state, sends, settled_at FROM message ORDER BY id")


def test_what_was_noted_of_parcels_is_kept(old_database):
    with old_database("0046") as (connection, upgrade):
        made = "INSERT INTO member (id, name, tier, created_at) VALUES (5, '', 'standard', :at)"
        connection.execute(text(made), {"at": AT})
        for number, member in ((1, 5), (2, None)):
            connection.execute(_ORDER, {"id": number, "at": AT, "member": member})
        rows = (
            (7, "ready", 1, 1, "sent", 1),
            (7, "ready", 2, 1, "queued", 2),
            (7, "remind_1", 1, 1, "not_authorised", 1),
            (7, "substitute_3", 1, 1, "failed", 1),
            (8, "handed", 1, 2, "queued", 1),
        )
        for parcel, event, version, order, status, sends in rows:
            given = {"parcel": parcel, "event": event, "version": version, "order": order, "status": status}
            answered = None if status == "queued" else AT
            connection.execute(_NOTICE, {**given, "sends": sends, "at": AT, "answered": answered})
        upgrade()
        found = [tuple(row) for row in connection.execute(_MESSAGES)]
    subject = "parcel:1:7"
    assert sorted(found, key=str) == sorted(
        [
            (5, "ready", "ready", subject, 1, "sent", 1, AT),
            (5, "ready", "ready", subject, 2, "queued", 2, None),
            (5, "ready", "remind_1", subject, 1, "not_authorised", 1, AT),
            (5, "changed", "substitute_3", subject, 1, "failed", 1, AT),
        ],
        key=str,
    )
