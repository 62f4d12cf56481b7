"""Offers and groups as the mall shows them: the price, how many are missing, until when, and who is in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from member.masking import masked_name
from trade.orders.groups.states import Group, Seat
from trade.pricing.allowed import why_not
from trade.pricing.promotions import book, counts
from trade.pricing.promotions.book import from_ms
from trade.pricing.rules import UNLIMITED, Rule
from trade.stock import set_aside

MOST = 5
"""So many open groups are shown beside goods, those that end first."""

_OPEN = text("""
    SELECT g.*, (SELECT jsonb_agg(m.name ORDER BY s.taken_at, s.order_id) FROM group_seat s
            JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id JOIN member m ON m.id = o.member_id
            WHERE s.group_id = g.id AND s.state = 'taken') AS names,
        EXISTS (SELECT FROM group_seat s JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
            WHERE s.group_id = g.id AND s.state = 'taken' AND o.member_id = :member) AS mine
    FROM group_buy g WHERE g.promotion_id = ANY(:offers) AND g.store_id = :store AND g.state = 'open'
      AND g.fill_by > :now ORDER BY g.fill_by, g.id LIMIT 50""")
_GROUP = text("""
    SELECT g.*, store.name AS store_name, p.name AS offer_name, p.state AS offer_state FROM group_buy g
    JOIN store ON store.id = g.store_id JOIN promotion p ON p.id = g.promotion_id WHERE g.id = :group""")
_SEATS = text("""
    SELECT s.order_id, s.state, s.taken_at, o.member_id, o.state AS order_state, m.name, l.sku_id, l.qty, l.net_fen,
        l.unit_price_fen, l.list_fen, l.name AS goods, l.spec, l.unit, l.weighed, sku.product_id, product.picture
    FROM group_seat s JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
    JOIN member m ON m.id = o.member_id
    JOIN order_line l ON l.store_id = s.store_id AND l.order_id = s.order_id AND l.line_no = 1
    JOIN sku ON sku.id = l.sku_id JOIN product ON product.id = sku.product_id
    WHERE s.group_id = :group AND s.state <> 'asked' ORDER BY s.taken_at, s.order_id""")
_OF_ORDERS = text("""
    SELECT s.order_id, s.state AS seat, g.* FROM group_seat s LEFT JOIN group_buy g ON g.id = s.group_id
    WHERE (s.store_id, s.order_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))""")
_FILL_BY = text("SELECT fill_by FROM group_buy WHERE id = :group")


def offers(session: Session, store_id: int, member_id: int | None, now: datetime) -> dict[int, dict[str, Any]]:
    """By sku, the group price that this store has now and its open groups; no statement where it has none.

    `left` are the units that this shopper may still buy at it, null without a limit.
    """
    known = book.at(session, store_id, now)
    here = known.here("mall", now, tier="")
    known = replace(known, limits=known.group_limits)
    left = counts.left(session, known, member_id, now)
    on = [rule for rule in known.groups if not why_not(rule, here, left.get(rule.id, UNLIMITED))]
    if not on:
        return {}
    given = {"offers": [rule.id for rule in on], "store": store_id, "member": member_id, "now": now}
    waiting = fetch(session, _OPEN, given)
    found: dict[int, dict[str, Any]] = {}
    for rule in sorted(on, key=lambda one: -one.id):
        units = left.get(rule.id, UNLIMITED).units
        groups = [_waits(group) for group in waiting if group.promotion_id == rule.id][:MOST]
        kept = set_aside.kept(session, store_id, list(rule.prices), promotion_id=rule.id)
        for sku_id, fen in rule.prices.items():
            most = min([most for most in (units, rule.most_per_order or None) if most is not None], default=None)
            found[sku_id] = _offer(rule, fen) | {"left": most, "kept": kept.get(sku_id, 0), "groups": groups}
    return found


def _offer(rule: Rule, fen: int) -> dict[str, Any]:
    return {
        "offer_id": rule.id,
        "name": rule.name,
        "price_fen": fen,
        "people": rule.people,
        "fill_minutes": rule.fill_minutes,
        "until_at": from_ms(rule.until_ms).isoformat(),
    }


def _waits(group: Any) -> dict[str, Any]:
    return {
        "id": group.id,
        "missing": group.people - group.taken,
        "fill_by": group.fill_by.isoformat(),
        "names": [masked_name(name) for name in group.names or ()],
        "mine": group.mine,
    }


def mark(session: Session, store_id: int, skus: Iterable[dict[str, Any]], member_id: int | None, now: datetime) -> None:
    """Write on each sku its group price, where it has one; what is kept for groups counts as free to them alone."""
    on_offer = offers(session, store_id, member_id, now)
    for sku in skus if on_offer else ():
        if offer := on_offer.get(sku["sku_id"]):
            sku["group"] = {**offer, "free": max(sku["free"], 0) + offer["kept"]}
            del sku["group"]["kept"]


def one(session: Session, group_id: int, member_id: int | None, now: datetime) -> dict[str, Any]:
    """A group as whoever has its link sees it: masked names, no orders but one's own.

    :raises NotFound: there is no such group.
    """
    group = first(session, _GROUP, {"group": group_id})
    if group is None:
        raise NotFound(group_id=group_id)
    seats = fetch(session, _SEATS, {"group": group_id})
    mine = next((seat for seat in seats if seat.member_id == member_id), None)
    goods = seats[0]
    return {
        "id": group.id,
        "state": group.state,
        "offer_id": group.promotion_id,
        "store_id": group.store_id,
        "store_name": group.store_name,
        "people": group.people,
        "missing": group.people - group.taken,
        "fill_by": group.fill_by.isoformat(),
        "ended_at": group.ended_at.isoformat() if group.ended_at else None,
        "open": group.state == Group.OPEN and group.fill_by > now and group.offer_state == "live",
        "members": [
            {"name": masked_name(seat.name), "leader": seat is seats[0], "mine": seat is mine}
            for seat in seats
            if seat.state == Seat.TAKEN or group.state != Group.OPEN
        ],
        "order_id": mine.order_id if mine else None,
        "left": bool(mine and mine.state == Seat.LEFT),
        "goods": {name: getattr(goods, name) for name in ("product_id", "sku_id", "spec", "unit", "weighed", "picture")}
        | {"name": goods.goods, "price_fen": goods.net_fen // goods.qty, "list_fen": goods.list_fen // goods.qty},
    }


def of_orders(session: Session, orders: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """Which group the orders of a page are in, by order; `id` null while an order is to open one and is not paid."""
    mine = [order for order in orders if order.channel == "mall"]
    keys = {"stores": [order.store_id for order in mine], "orders": [order.id for order in mine]}
    return {
        row.order_id: {
            "id": row.id,
            "seat": row.seat,
            "state": row.state,
            "missing": row.people - row.taken if row.id else None,
            "fill_by": row.fill_by.isoformat() if row.id else None,
        }
        for row in (fetch(session, _OF_ORDERS, keys) if mine else ())
    }


def from_when(session: Session, store_id: int, offer_id: int | None, group_id: int | None, now: datetime) -> datetime:
    """From when on an order may be promised: now, or when its group must be full."""
    if offer_id is None:
        return now
    if group_id is not None and (found := first(session, _FILL_BY, {"group": group_id})):
        fill_by: datetime = found.fill_by
        return max(fill_by, now)
    offer = next((rule for rule in book.at(session, store_id, now).groups if rule.id == offer_id), None)
    return min(now + timedelta(minutes=offer.fill_minutes), from_ms(offer.until_ms)) if offer else now
