"""Parcels as others ask for them: those of an order, one on a store's desk, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound

_OF_ORDER = text("SELECT * FROM parcel WHERE store_id = :store AND order_id = :order ORDER BY id")
_ONE = text("SELECT * FROM parcel WHERE store_id = :store AND id = :parcel")
_HERE = text("SELECT * FROM parcel WHERE id = :parcel AND at_store_id = :at")
_STATES = text("""
    SELECT store_id, order_id, array_agg(state ORDER BY id) AS states FROM parcel
    WHERE (store_id, order_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))
    GROUP BY 1, 2""")
_UNPICKED = text("""
    SELECT line_no FROM parcel_line WHERE store_id = :store AND parcel_id = :parcel AND picked_qty + short_qty < qty
    ORDER BY line_no""")
_WEIGHED = text("""
    SELECT part.line_no, part.sku_id, part.qty, part.picked_qty, part.short_qty
    FROM parcel_line part JOIN sku ON sku.id = part.sku_id
    WHERE part.store_id = :store AND part.parcel_id = :parcel AND sku.weighed ORDER BY part.line_no""")
_LINES = text("SELECT * FROM parcel_line WHERE store_id = :store AND parcel_id = :parcel ORDER BY line_no")
_LEFT = text("""
    SELECT EXISTS (SELECT FROM parcel_line line JOIN parcel p ON p.store_id = line.store_id AND p.id = line.parcel_id
                   WHERE line.store_id = :store AND line.order_id = :order AND line.qty > line.short_qty
                     AND p.state <> 'cancelled') AS something""")
_GOODS = text("""
    SELECT sku_id, sum(qty - short_qty)::bigint AS qty, sum(picked_qty)::bigint AS picked
    FROM parcel_line WHERE store_id = :store AND parcel_id = :parcel GROUP BY 1 ORDER BY 1""")


def of_order(session: Session, store_id: int, order_id: int) -> list[Any]:
    """All parcels of an order, the oldest first."""
    return fetch(session, _OF_ORDER, {"store": store_id, "order": order_id})


def one(session: Session, store_id: int, parcel_id: int) -> Any:
    """A parcel by its own key; NotFound."""
    found = first(session, _ONE, {"store": store_id, "parcel": parcel_id})
    if found is None:
        raise NotFound(parcel_id=parcel_id)
    return found


def here(session: Session, at_store_id: int, parcel_id: int) -> Any:
    """A parcel that this store has to do with now; NotFound when it is another's."""
    found = first(session, _HERE, {"parcel": parcel_id, "at": at_store_id})
    if found is None:
        raise NotFound(parcel_id=parcel_id)
    return found


def states(session: Session, keys: Sequence[tuple[int, int]]) -> Mapping[int, list[str]]:
    """The states of each order's parcels, by order id; one without parcels is not in it."""
    if not keys:
        return {}
    given = {"stores": [store for store, _ in keys], "orders": [order for _, order in keys]}
    return {row.order_id: row.states for row in fetch(session, _STATES, given)}


def unpicked(session: Session, store_id: int, parcel_id: int) -> list[int]:
    """Lines of which something is neither in the tote nor given up."""
    return [row.line_no for row in fetch(session, _UNPICKED, {"store": store_id, "parcel": parcel_id})]


def weighed(session: Session, store_id: int, parcel_id: int) -> list[Any]:
    """Its lines of weighed goods."""
    return fetch(session, _WEIGHED, {"store": store_id, "parcel": parcel_id})


def lines(session: Session, store_id: int, parcel_id: int) -> list[Any]:
    """Its lines, in order."""
    return fetch(session, _LINES, {"store": store_id, "parcel": parcel_id})


def anything_left(session: Session, store_id: int, order_id: int) -> bool:
    """Whether any parcel of an order has something in it that was not given up."""
    return bool(fetch(session, _LEFT, {"store": store_id, "order": order_id})[0].something)


def goods(session: Session, store_id: int, parcel_id: int) -> dict[int, int]:
    """What the parcel still asks of the store, what is given up left out, in sale units by sku."""
    found = fetch(session, _GOODS, {"store": store_id, "parcel": parcel_id})
    return {row.sku_id: row.qty for row in found if row.qty}


def picked(session: Session, store_id: int, parcel_id: int) -> dict[int, int]:
    """What lies in its tote, in sale units by sku."""
    found = fetch(session, _GOODS, {"store": store_id, "parcel": parcel_id})
    return {row.sku_id: row.picked for row in found if row.picked}
