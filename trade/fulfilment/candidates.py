"""The stores that routing chooses from, as they stand at this moment: one statement for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.fulfilment.clocks import Hours
from trade.fulfilment.places import Need, Place
from trade.fulfilment.weights import Weights

_PLACES = text("""
    WITH goods AS (
        SELECT store_id, string_agg(sku_id || ' ' || free || ' ' || sell_down, ' ') AS goods FROM (
            SELECT kept.store_id, kept.sku_id, coalesce(level.free, 0) AS free, kept.sell_down
            FROM store_sku kept
            LEFT JOIN (SELECT store_id, sku_id, greatest(free_online, 0) AS free FROM stock_level level
                       WHERE sku_id = ANY(CAST(:skus AS bigint[]))) level
                ON level.store_id = kept.store_id AND level.sku_id = kept.sku_id
            WHERE kept.sku_id = ANY(CAST(:skus AS bigint[])) AND kept.sellable
            UNION ALL SELECT store_id, sku_id, greatest(free_online, 0), 0 FROM stock_level
            WHERE sku_id = ANY(CAST(:parts AS bigint[]))) known(store_id, sku_id, free, sell_down)
        GROUP BY store_id),
    busy AS (
        SELECT p.at_store_id AS store_id, sum(
            coalesce(CAST(s.work -> p.mode ->> 'order' AS bigint), CAST(CAST(:orders AS jsonb) ->> p.mode AS bigint))
            + line.count
              * coalesce(CAST(s.work -> p.mode ->> 'line' AS bigint), CAST(CAST(:lines AS jsonb) ->> p.mode AS bigint))
            )::bigint AS minutes
        FROM parcel p JOIN store s ON s.id = p.at_store_id
        CROSS JOIN LATERAL (SELECT count(*) FROM parcel_line l
                            WHERE l.store_id = p.store_id AND l.parcel_id = p.id AND l.qty > l.short_qty) AS line
        WHERE p.state IN ('assigned', 'accepted', 'picking')
          AND (CAST(:promise AS timestamptz) IS NULL OR p.promise_at IS NULL OR p.promise_at <= :promise)
        GROUP BY p.at_store_id)
    SELECT store.id, store.zone, store.opens_minute, store.closes_minute, store.closes_early_at,
        store.capacity_minutes, coalesce(store.paused_until > :now, false) AS paused,
        CASE :mode WHEN 'pickup' THEN offers_pickup WHEN 'delivery' THEN offers_delivery ELSE offers_ship END AS offers,
        coalesce(store.cold -> :mode ? 'chilled', false) AS chilled, coalesce(store.cold -> :mode ? 'frozen', false)
            AS frozen, CASE :mode WHEN 'delivery' THEN CAST(store.area AS text) END AS area,
        CAST(store.work -> :mode ->> 'order' AS bigint) AS order_minutes,
        CAST(store.work -> :mode ->> 'line' AS bigint) AS line_minutes,
        coalesce(CAST(2 * 6371000 * asin(sqrt(least(1,
            power(sin(radians((CAST(:lat AS bigint) - lat_e6) / 2e6)), 2)
            + cos(radians(CAST(:lat AS bigint) / 1e6)) * cos(radians(lat_e6 / 1e6))
              * power(sin(radians((CAST(:lng AS bigint) - lng_e6) / 2e6)), 2)))) AS bigint), 0) AS distance_m,
        coalesce(busy.minutes, 0) AS load_minutes, store.reject_permille, goods.goods
    FROM store LEFT JOIN goods ON goods.store_id = store.id LEFT JOIN busy ON busy.store_id = store.id
    ORDER BY store.id""")


def load(
    session: Session, need: Need, weights: Weights, *, now: datetime, own: tuple[int, Mapping[int, int]] | None = None
) -> list[Place]:
    """Every store as a Place for one need; nothing is locked, whoever is chosen holds in the same transaction.

    :param own: a store and the units by sku that it holds for this very need: to it they are free.
    """
    lat, lng = need.position or (None, None)
    skus = {line.sku_id for line in need.lines}
    given = {
        "skus": sorted(skus),
        "parts": sorted({sku for line in need.lines for sku, _ in line.parts} - skus),
        "mode": need.mode,
        "orders": json.dumps(weights.order_minutes),
        "lines": json.dumps(weights.line_minutes),
        "promise": need.promise_at,
        "now": now,
        "lat": lat,
        "lng": lng,
    }
    own_store_id, mine = own or (0, {})
    return [_place(row, mine if row.id == own_store_id else {}) for row in fetch(session, _PLACES, given)]


@lru_cache(maxsize=4096)
def _area(written: str) -> tuple[tuple[int, int], ...]:
    """An area as its corners; areas rarely change and are read with every order."""
    return tuple((lat_e6, lng_e6) for lat_e6, lng_e6 in json.loads(written))


_COLD = {
    (chilled, frozen): frozenset(name for name, keeps in (("chilled", chilled), ("frozen", frozen)) if keeps)
    for chilled in (False, True)
    for frozen in (False, True)
}


def _place(row: Any, own: Mapping[int, int]) -> Place:
    goods = [int(word) for word in row.goods.split()] if row.goods else []
    free = dict(zip(goods[::3], goods[1::3], strict=True))
    for sku, units in own.items():
        free[sku] = free.get(sku, 0) + units
    return Place(
        row.id,
        Hours(row.opens_minute, row.closes_minute, row.zone, row.closes_early_at),
        free,
        row.capacity_minutes,
        offers=row.offers,
        paused=row.paused,
        cold=_COLD[row.chilled, row.frozen],
        area=_area(row.area) if row.area else (),
        distance_m=row.distance_m,
        load_minutes=row.load_minutes,
        order_minutes=row.order_minutes,
        line_minutes=row.line_minutes,
        sell_down={sku: down for sku, down in zip(goods[::3], goods[2::3], strict=True) if down},
        rejects=row.reject_permille,
    )
