"""Parcels as the desk of the store that does them shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import NotFound
from trade.fulfilment.states import ON_THE_DESK
from trade.orders.numbers import number

_HEAD = """
    SELECT p.*, o.placed_at, o.paid_at, o.remark, o.payable_fen, o.channel, staff.name AS handed_by_name,
           coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer
    FROM parcel p JOIN sale_order o ON o.store_id = p.store_id AND o.id = p.order_id
    LEFT JOIN member m ON m.id = o.member_id LEFT JOIN staff ON staff.id = p.handed_by
    WHERE p.at_store_id = :at """
_OPEN = text(_HEAD + "AND p.state = ANY(:states) ORDER BY p.promise_at, p.id LIMIT 200")
_DONE = text(_HEAD + "AND p.state = 'delivered' AND p.closed_at >= :since ORDER BY p.closed_at DESC LIMIT 100")
_ONE = text(_HEAD + "AND p.id = :parcel")
_LINES = text("""
    SELECT part.*, line.name, line.spec, line.unit, line.weighed, product.picture, product.temperature,
           coalesce(store_sku.shelf, '') AS shelf, level.counted_at,
           (SELECT min(code) FROM barcode WHERE barcode.sku_id = part.sku_id) AS barcode
    FROM parcel_line part
    JOIN order_line line ON line.store_id = part.store_id AND line.order_id = part.order_id
        AND line.line_no = part.line_no
    JOIN sku ON sku.id = part.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN store_sku ON store_sku.store_id = :at AND store_sku.sku_id = part.sku_id
    LEFT JOIN stock_level level ON level.store_id = :at AND level.sku_id = part.sku_id
    WHERE part.parcel_id = ANY(:parcels) ORDER BY part.parcel_id, part.line_no""")
STAGES = {
    "assigned": "new",
    **dict.fromkeys(("accepted", "picking", "picked"), "picking"),
    **dict.fromkeys(("ready", "packed", "courier_called"), "ready"),
    "delivered": "done",
}
"""The columns of the desk."""
_LINE = "line_no sku_id name spec unit weighed qty picked_qty short_qty handed_qty shelf barcode picture temperature"
_CARD = ("id", "store_id", "order_id", "state", "mode", "channel", "customer", "bags", "carrier", "tracking_no", "hop")
_MOMENTS = (
    "placed_at", "paid_at", "promise_at", "assigned_at", "accept_by", "cancel_by", "accepted_at", "ready_at",
    "closed_at",
)  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _line(row: Any) -> dict[str, Any]:
    """A line, with when its stock here was last counted: how far the figure may be trusted."""
    return {**{name: getattr(row, name) for name in _LINE.split()}, "counted_at": _moment(row.counted_at)}


def _cards(session: Session, at_store_id: int, parcels: Sequence[Any]) -> list[dict[str, Any]]:
    lines: dict[int, list[Any]] = defaultdict(list)
    given = {"at": at_store_id, "parcels": [parcel.id for parcel in parcels]}
    for row in fetch(session, _LINES, given) if parcels else ():
        lines[row.parcel_id].append(row)
    return [
        {
            **{name: getattr(parcel, name) for name in _CARD},
            **{name: _moment(getattr(parcel, name)) for name in _MOMENTS},
            "stage": STAGES.get(parcel.state, parcel.state),
            "remark": parcel.remark,
            "payable_fen": parcel.payable_fen,
            "place": parcel.shelf,
            "no": number(parcel.store_id, parcel.order_id),
            "items": len(lines[parcel.id]),
            "lines": [_line(row) for row in lines[parcel.id]],
        }
        for parcel in parcels
    ]


def still_open(session: Session, at_store_id: int) -> list[dict[str, Any]]:
    """What the store has to do with now, the one with the least time left first."""
    given = {"at": at_store_id, "states": sorted(ON_THE_DESK)}
    return _cards(session, at_store_id, fetch(session, _OPEN, given))


def one(session: Session, at_store_id: int, parcel_id: int) -> dict[str, Any]:
    """One parcel of this store; NotFound when it is another's."""
    found = _cards(session, at_store_id, fetch(session, _ONE, {"at": at_store_id, "parcel": parcel_id}))
    if not found:
        raise NotFound(parcel_id=parcel_id)
    return found[0]


def done(session: Session, at_store_id: int, *, since: datetime) -> list[dict[str, Any]]:
    """What was handed over since a moment, newest first."""
    parcels = fetch(session, _DONE, {"at": at_store_id, "since": since})
    cards = _cards(session, at_store_id, parcels)
    return [
        {"no": card["no"], "at": card["closed_at"], "by": parcel.handed_by_name or ""}
        | {name: card[name] for name in ("customer", "items")}
        for card, parcel in zip(cards, parcels, strict=True)
    ]
