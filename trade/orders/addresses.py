"""Where an order is delivered to: sealed, masked for whoever does not deliver it, and erased with its member.

| who | name | phone | street |
|---|---|---|---|
| lists, the desk's cards, the head office (`masked`) | 王** | 138****1234 | province, city and district only |
| whoever packs or sends it, after `read` | 王小明 | 13812341234 | in full |
| the head office by `reveal` | 王小明 | 13812341234 | in full, and each look is a journal row |

What lies open is the region (GB/T 2260, six digits) and the point on the map: routing and freight need them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, fetch, first
from config.errors import NotFound
from member.address import Address, AddressNotSound

__all__ = ["Address", "AddressNotSound", "Masked", "erase", "forget", "left", "masked", "read", "reveal", "write"]


@dataclass(frozen=True, slots=True)
class Masked:
    """What everybody may see of an address."""

    name: str
    phone: str
    region: str
    region_name: str
    lat_e6: int | None
    lng_e6: int | None


_WRITE = text("""
    INSERT INTO order_address AS a (store_id, order_id, sealed, name_masked, phone_masked, region, region_name, lat_e6,
        lng_e6, at)
    VALUES (:store, :order, :sealed, :name, :phone, :region, :region_name, :lat_e6, :lng_e6, :now)
    ON CONFLICT (store_id, order_id) DO UPDATE SET sealed = excluded.sealed, name_masked = excluded.name_masked,
        phone_masked = excluded.phone_masked, region = excluded.region, region_name = excluded.region_name,
        lat_e6 = excluded.lat_e6, lng_e6 = excluded.lng_e6, at = excluded.at""")
_READ = text("SELECT * FROM order_address WHERE store_id = :store AND order_id = :order")
_MASKED = text("""
    SELECT a.* FROM order_address a WHERE (a.store_id, a.order_id) IN (
        SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))""")


def write(session: Session, store_id: int, order_id: int, address: Address, *, now: datetime) -> None:
    """Keep an order's address, or replace it; the caller's transaction is the order's own.

    :raises AddressNotSound: nothing was written.
    """
    address.check()
    given = {
        "store": store_id,
        "order": order_id,
        "sealed": address.sealed(),
        "name": address.name_masked,
        "phone": address.phone_masked,
        "region": address.region,
        "region_name": address.region_name,
        "lat_e6": address.lat_e6,
        "lng_e6": address.lng_e6,
        "now": now,
    }
    fetch(session, _WRITE, given)


def read(session: Session, store_id: int, order_id: int) -> Address:
    """The whole address, for whoever packs or sends the order; NotFound when it has none (any more)."""
    kept = first(session, _READ, {"store": store_id, "order": order_id})
    if kept is None:
        raise NotFound(order_id=order_id)
    return Address.opened(kept.sealed)


def reveal(session: Session, store_id: int, order_id: int, *, reason: str, actor: str, now: datetime) -> Address:
    """As `read`, for somebody who does not deliver it; who looked and why stays in the journal."""
    found = read(session, store_id, order_id)
    told: dict[str, Any] = {"store_id": store_id, "order_id": order_id, "reason": reason}
    journal.record(session, "address.revealed", f"order:{order_id}", actor=actor, now=now, **told)
    return found


def masked(session: Session, keys: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Masked]:
    """What may be shown of these orders' addresses, by (store, order); one statement, nothing is unsealed."""
    asked = sorted(set(keys))
    given = {"stores": [store for store, _ in asked], "orders": [order for _, order in asked]}
    return {
        (row.store_id, row.order_id): Masked(
            row.name_masked, row.phone_masked, row.region, row.region_name, row.lat_e6, row.lng_e6
        )
        for row in (fetch(session, _MASKED, given) if asked else ())
    }


_ERASE = text("""
    DELETE FROM order_address a USING sale_order o
    WHERE o.member_id = ANY(:members) AND a.store_id = o.store_id AND a.order_id = o.id""")
_LEFT = text("""
    SELECT count(*) AS n FROM order_address a JOIN sale_order o ON o.store_id = a.store_id AND o.id = a.order_id
    WHERE o.member_id = ANY(:members)""")
_FORGET = text("""
    DELETE FROM order_address WHERE ctid IN (
        SELECT a.ctid FROM order_address a JOIN sale_order o ON o.store_id = a.store_id AND o.id = a.order_id
        WHERE a.at < :before AND o.closed_at < :before LIMIT :most)""")


def erase(session: Session, members: Collection[int]) -> None:
    """Delete every address of these members' orders."""
    fetch(session, _ERASE, {"members": list(members)})


def left(session: Session, members: Collection[int]) -> int:
    """How many addresses of these members' orders are still there."""
    return int(fetch(session, _LEFT, {"members": list(members)})[0].n)


def forget(session: Session, *, before: datetime, most: int = 5000) -> int:
    """Delete the addresses of orders that ended before a moment; returns how many."""
    return changed(session, _FORGET, {"before": before, "most": most})
