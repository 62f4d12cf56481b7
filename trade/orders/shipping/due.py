"""What happened to orders' parcels is held against what WeChat was told of their payments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders.shipping import moves, shipment
from trade.orders.shipping.shipment import Shipment, Unsound
from trade.payments import top_ups

_READ = """
    SELECT u.*, t.order_id, t.top_up_id, t.trade_no, t.transaction_id, t.payer, t.amount_fen, o.state AS order_state,
        coalesce(a.phone_masked, '') AS phone, coalesce((SELECT sum(r.amount_fen) FROM refund r
            WHERE r.store_id = t.store_id AND r.tender_id = t.id AND r.state <> 'closed'), 0)::bigint AS refunded_fen,
        (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'mode', p.mode, 'state', p.state, 'carrier', p.carrier,
                'tracking_no', p.tracking_no, 'goods', (
                    SELECT jsonb_agg(jsonb_build_object('name', l.name, 'weighed', l.weighed, 'qty', i.handed_qty)
                        ORDER BY i.line_no)
                    FROM parcel_line i JOIN order_line l ON l.store_id = i.store_id AND l.order_id = i.order_id
                        AND l.line_no = i.line_no
                    WHERE i.store_id = p.store_id AND i.parcel_id = p.id AND i.handed_qty > 0)) ORDER BY p.id)
         FROM parcel p WHERE p.store_id = t.store_id AND p.order_id = t.order_id AND p.case_id IS NULL) AS parcels
    FROM ship_upload u JOIN tender t ON t.store_id = u.store_id AND t.id = u.tender_id
    LEFT JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id
    LEFT JOIN order_address a ON a.store_id = t.store_id AND a.order_id = t.order_id"""
_ONE = text(f"{_READ} WHERE u.store_id = :store AND u.tender_id = :tender")
_OF_ORDERS = text(f"""{_READ}
    WHERE (t.store_id, t.order_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))
      AND u.state IN ('waiting', 'due') ORDER BY u.store_id, u.tender_id""")


def one(session: Session, store_id: int, tender_id: int) -> Any:
    """One payment with everything that its telling needs."""
    return fetch(session, _ONE, {"store": store_id, "tender": tender_id})[0]


def wanted(stands: Any) -> Shipment | None:
    """What WeChat should have of it now; raises Unsound."""
    if stands.top_up_id:
        return shipment.of_top_up(top_ups.number(stands.store_id, stands.top_up_id))
    return shipment.of_order(stands.parcels or (), phone=stands.phone, before=stands.sent)


def given_back(stands: Any) -> bool:
    """Nothing of the money is left for WeChat to keep."""
    return bool(stands.refunded_fen >= stands.amount_fen)


def look(session: Session, orders: Collection[tuple[int, int]], *, actor: str, now: datetime) -> int:
    """Look at these orders (store, id) anew; returns how many tellings fell due or ended.

    What WeChat was told in full is left alone, whatever happens later: only a person uses up the one correction.
    """
    asked = sorted(set(orders))
    given = {"stores": [store for store, _ in asked], "orders": [order for _, order in asked]}
    changed = 0
    for stands in fetch(session, _OF_ORDERS, given):
        key = (stands.store_id, stands.tender_id)
        if given_back(stands):
            changed += moves.move(session, *key, "end", actor=actor, now=now)
            continue
        try:
            found = wanted(stands)
        except Unsound:  # the desk must hear of it: the try will say so
            changed += moves.move(session, *key, "fall_due", actor=actor, now=now)
            continue
        if found is not None and found.body not in (stands.sent, stands.wanted):
            changed += moves.move(session, *key, "fall_due", wanted=found.body, actor=actor, now=now)
    return changed


_TOLD = text(f"""{_READ}
    WHERE t.store_id = :store AND t.order_id = :order AND u.state = 'told' ORDER BY u.store_id, u.tender_id""")


def renumbered(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """A person says that a parcel's number was wrong: what WeChat was told in full is corrected, which it allows once.

    :raises CorrectionUsed: it was done before.
    """
    look(session, [(store_id, order_id)], actor=actor, now=now)
    for stands in fetch(session, _TOLD, {"store": store_id, "order": order_id}):
        found = wanted(stands)
        if found is not None and found.body != stands.sent:
            moves.correct(session, stands.store_id, stands.tender_id, actor=actor, now=now)


_ARRIVED = text("""
    SELECT u.store_id, u.tender_id, t.transaction_id, p.received_at FROM ship_upload u
    JOIN tender t ON t.store_id = u.store_id AND t.id = u.tender_id
    CROSS JOIN LATERAL (
        SELECT max(p.closed_at) AS received_at, bool_and(p.closed_at IS NOT NULL) AS closed FROM parcel p
        WHERE p.store_id = t.store_id AND p.order_id = t.order_id AND p.case_id IS NULL) p
    WHERE (t.store_id, t.order_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))
      AND u.state = 'told' AND u.confirm_asked_at IS NULL AND p.closed AND (u.sent ->> 'logistics_type')::int = 1
    ORDER BY 1, 2""")


def arrived(session: Session, orders: Collection[tuple[int, int]]) -> list[Any]:
    """Payments of these orders that went by express and arrived whole: (store, tender, transaction id, when)."""
    asked = sorted(set(orders))
    given = {"stores": [store for store, _ in asked], "orders": [order for _, order in asked]}
    return fetch(session, _ARRIVED, given)
