"""What a channel reads of its orders: every change once, in an order a cursor can follow, again from any point.

A changed row has no place in the feed until the feed is read: then, under the channel's row, places are given to what
has changed and is not being changed this moment.  So a place never becomes visible after a later one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import changed, fetch
from trade.orders.numbers import number

MOST = 200

_LOCK = text("SELECT id FROM sales_channel WHERE id = :channel FOR NO KEY UPDATE")
_NUMBER = text("""
    WITH open AS (
        SELECT external_no FROM intake_order WHERE channel_id = :channel AND version IS NULL
        ORDER BY external_no LIMIT :most FOR NO KEY UPDATE SKIP LOCKED),
    placed AS (SELECT external_no, row_number() OVER (ORDER BY external_no) AS n FROM open),
    counted AS (
        UPDATE sales_channel SET order_version = order_version + (SELECT count(*) FROM open) WHERE id = :channel
        RETURNING order_version - (SELECT count(*) FROM open) AS base)
    UPDATE intake_order h SET version = counted.base + placed.n FROM placed, counted
    WHERE h.channel_id = :channel AND h.external_no = placed.external_no""")
_FEED = text("""
    SELECT h.*, o.state AS order_state, coalesce((
        SELECT sum(r.amount_fen) FROM tender t JOIN refund r ON r.store_id = t.store_id AND r.tender_id = t.id
        WHERE t.store_id = h.store_id AND t.order_id = h.order_id AND r.state <> 'closed'), 0)::bigint AS refunded_fen,
        (SELECT json_agg(json_build_object('no', p.id, 'state', p.state, 'carrier', p.carrier, 'tracking_no',
             p.tracking_no, 'lines', (
                SELECT json_agg(json_build_object('sku', coalesce(l.external_sku, ''), 'qty', i.qty - i.short_qty)
                    ORDER BY i.line_no)
                FROM parcel_line i LEFT JOIN channel_listing l ON l.channel_id = h.channel_id AND l.sku_id = i.sku_id
                WHERE i.store_id = p.store_id AND i.parcel_id = p.id)) ORDER BY p.id)
         FROM parcel p WHERE p.store_id = h.store_id AND p.order_id = h.order_id AND p.state <> 'cancelled') AS parcels
    FROM intake_order h LEFT JOIN sale_order o ON o.store_id = h.store_id AND o.id = h.order_id
    WHERE h.channel_id = :channel AND h.version > :after ORDER BY h.version LIMIT :most""")
_TOUCH = text("""
    UPDATE intake_order SET version = NULL WHERE ctid IN (
        SELECT h.ctid FROM intake_order h
        JOIN unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS t(store_id, order_id)
            ON t.store_id = h.store_id AND t.order_id = h.order_id
        WHERE h.version IS NOT NULL ORDER BY h.channel_id, h.external_no FOR NO KEY UPDATE OF h)""")


def place_changes(session: Session, channel_id: int) -> None:
    """Give every order that changed its place in the feed; in a transaction of its own, before it is read."""
    fetch(session, _LOCK, {"channel": channel_id})
    fetch(session, _NUMBER, {"channel": channel_id, "most": 2 * MOST})


def touch(session: Session, orders: Collection[tuple[int, int]]) -> int:
    """Something happened to these orders (store, id) that their channels should read; returns how many are theirs."""
    asked = sorted(set(orders))
    given = {"stores": [store for store, _ in asked], "orders": [order for _, order in asked]}
    return changed(session, _TOUCH, given)


def read(session: Session, channel_id: int, *, after: int, most: int = MOST) -> tuple[list[dict[str, Any]], int]:
    """Orders that changed after a place, as they stand now, and the place to ask on from."""
    rows = fetch(session, _FEED, {"channel": channel_id, "after": after, "most": most})
    return [_told(row) for row in rows], rows[-1].version if rows else after


def _told(row: Any) -> dict[str, Any]:
    asked = "refused" if row.cancel_refused_at else "asked" if row.cancel_asked_at else None
    done = row.state in ("cancelled", "tombstone")
    return {
        "external_no": row.external_no,
        "revision": row.revision,
        "state": row.state,
        "reason": row.reason,
        "order_no": number(row.store_id, row.order_id) if row.order_id else None,
        "order_state": row.order_state,
        "cancel": "done" if done and row.cancel_asked_at else asked,
        "refunded_fen": row.refunded_fen,
        "parcels": row.parcels or [],
        "version": row.version,
    }


def keys(rows: Sequence[Any]) -> set[tuple[int, int]]:
    """The orders that rows of the journal are about, as (store, id)."""
    return {
        (row.data["store_id"], int(row.data.get("order_id") or row.subject.partition(":")[2]))
        for row in rows
        if row.subject.startswith("order:") and row.data.get("store_id")
    }
