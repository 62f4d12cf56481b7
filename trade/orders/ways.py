"""How an order reaches its customer: fetched, brought in the city, or sent; what that costs, and why it cannot be.

| because | what keeps it from being had |
|---|---|
| no_address | none was chosen yet: the price is of the goods alone |
| not_offered, paused | the store does not do it, or not now |
| no_point | nobody knows where on the map the address lies, so no store knows whether it delivers there |
| outside_area | the point lies outside the store's area, or beyond its last band |
| not_served | nothing is sent to that region |
| cold_chain | something of it stays cold, and this way keeps nothing so cold |
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.errors import NotFound, Refused
from member.address import Address
from trade.pricing import freight
from trade.pricing.freight import Freight, Terms
from trade.pricing.quoted import Quote, Want
from trade.stores import areas, shops
from trade.stores.shops import Slot

Mode = Literal["pickup", "delivery", "ship"]


class WayClosed(Refused):
    """The order cannot be brought or sent like this; `because` says why (see above).  Nothing was held."""

    code = "way_closed"


class BelowMinimum(Refused):
    """The goods cost less than the store brings; `short_fen` is missing.  Nothing was held."""

    code = "below_minimum"


@dataclass(frozen=True, slots=True)
class Way:
    """What the customer chose; `address` of what is brought or sent, None while there is none."""

    mode: Mode = "pickup"
    address: Address | None = None

    def identity(self) -> list[Any]:
        """What of it makes a quote this one and no other."""
        where = self.address
        return [self.mode, where.region, where.lat_e6, where.lng_e6] if where else [self.mode]


PICKUP = Way()

_LOOK = text("""
    SELECT CASE :mode WHEN 'delivery' THEN s.offers_delivery ELSE s.offers_ship END AS offers,
        coalesce(s.paused_until > :now, false) AS paused, CAST(s.area AS text) AS area,
        coalesce(CAST(2 * 6371000 * asin(sqrt(least(1,
            power(sin(radians((CAST(:lat AS bigint) - s.lat_e6) / 2e6)), 2)
            + cos(radians(CAST(:lat AS bigint) / 1e6)) * cos(radians(s.lat_e6 / 1e6))
              * power(sin(radians((CAST(:lng AS bigint) - s.lng_e6) / 2e6)), 2)))) AS bigint), 0) AS distance_m,
        goods.weight_g, goods.warm
    FROM store s, (
        SELECT coalesce(sum(CASE WHEN sku.weighed THEN want.qty ELSE want.qty * sku.weight_g END), 0)::bigint
                AS weight_g,
            coalesce(bool_or(p.temperature <> 'ambient'
                AND NOT coalesce(store.cold -> :mode ? p.temperature, false)), false) AS warm
        FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS want(sku_id, qty)
        JOIN sku ON sku.id = want.sku_id JOIN product p ON p.id = sku.product_id JOIN store ON store.id = :store) goods
    WHERE s.id = :store""")


def freight_of(session: Session, store_id: int, wants: Sequence[Want], way: Way, *, now: datetime) -> Freight | None:
    """What the way would cost for these goods from this store; None for a pickup, without a statement."""
    if way.mode == "pickup":
        return None
    where = way.address
    given = {
        "store": store_id,
        "mode": way.mode,
        "now": now,
        "lat": where.lat_e6 if where else None,
        "lng": where.lng_e6 if where else None,
        "skus": [want.sku_id for want in wants],
        "qtys": [want.qty for want in wants],
    }
    found = first(session, _LOOK, given)
    if found is None:
        raise NotFound(store_id=store_id)
    _, terms = freight.in_force(session, now)
    return _judge(found, terms, store_id, way)


def _judge(found: Any, terms: Terms, store_id: int, way: Way) -> Freight:
    ours, where = terms.delivery_of(store_id), way.address
    brought = way.mode == "delivery"
    plain: dict[str, Any] = {"mode": way.mode, "weight_g": found.weight_g}
    if brought:
        plain |= {"minimum_fen": ours.minimum_fen, "free_from_fen": ours.free_from_fen}
    if not found.offers or found.paused:
        return Freight(**plain, because="paused" if found.offers else "not_offered")
    if found.warm:
        return Freight(**plain, because="cold_chain")
    if where is None:
        return Freight(**plain, because="no_address")
    if not brought:
        zone = terms.zone_of(where.region)
        if zone is None:
            return Freight(**plain, because="not_served")
        return Freight(**plain, zone=zone.name, fee_fen=zone.fee_fen(found.weight_g), free_from_fen=zone.free_from_fen)
    if where.lat_e6 is None or where.lng_e6 is None:
        return Freight(**plain, because="no_point")
    plain["distance_m"] = found.distance_m
    fee_fen = ours.fee_fen(found.distance_m)
    if fee_fen is None or not areas.inside(json.loads(found.area), where.lat_e6, where.lng_e6):
        return Freight(**plain, because="outside_area")
    return Freight(**plain, fee_fen=fee_fen)


def tell(priced: Quote, found: Freight | None) -> None:
    """Write on a quote how its freight came about."""
    if found is None:
        return
    priced.way = found.told(priced.list_fen - priced.promotion_fen - priced.coupon_fen)
    freight.name_the_terms(priced.trace)
    freight.name_the_terms(priced.why_not)


def check(priced: Quote) -> None:
    """:raises WayClosed, BelowMinimum: an order cannot be brought or sent as quoted."""
    if priced.way and priced.way["because"]:
        raise WayClosed(mode=priced.way["mode"], because=priced.way["because"])
    if priced.way and priced.way["short_fen"]:
        raise BelowMinimum(minimum_fen=priced.way["minimum_fen"], short_fen=priced.way["short_fen"])


def slots(session: Session, store_id: int, mode: Mode, *, now: datetime) -> list[Slot]:
    """When it may be fetched or brought; what is sent has no hour."""
    if mode == "pickup":
        return shops.slots(session, store_id, now=now)
    if mode == "ship":
        return []
    ours = freight.in_force(session, now)[1].delivery_of(store_id)
    prepare = timedelta(minutes=ours.prepare_minutes)
    return shops.slots(session, store_id, now=now, mode=mode, capacity=ours.slot_capacity, prepare=prepare)


_OFFERS = text("""
    SELECT offers_pickup AS pickup, offers_delivery AND jsonb_array_length(area) > 2 AS delivery, offers_ship AS ship,
        coalesce(paused_until > :now, false) AS paused FROM store WHERE id = :store""")


def offered(session: Session, store_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Each way with whether the store does it now, what it costs at least, from when on nothing, and its minimum."""
    row = first(session, _OFFERS, {"store": store_id, "now": now})
    if row is None:
        raise NotFound(store_id=store_id)
    _, terms = freight.in_force(session, now)
    ours = terms.delivery_of(store_id)
    zones = [*terms.zones, *([terms.elsewhere] if terms.elsewhere else [])]
    free = [zone.free_from_fen for zone in zones if zone.free_from_fen is not None]
    cost: dict[str, dict[str, int | None]] = {
        "pickup": {"from_fen": 0, "free_from_fen": None, "minimum_fen": 0},
        "delivery": {
            "from_fen": min(band.fee_fen for band in ours.bands),
            "free_from_fen": ours.free_from_fen,
            "minimum_fen": ours.minimum_fen,
        },
        "ship": {
            "from_fen": min((zone.first_fen for zone in zones), default=0),
            "free_from_fen": min(free, default=None),
            "minimum_fen": 0,
        },
    }
    return [
        {"mode": mode, "open": getattr(row, mode) and (mode == "pickup" or not row.paused), **cost[mode]}
        for mode in ("pickup", *freight.MODES)
    ]
