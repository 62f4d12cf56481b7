"""Waves: parcels that are picked in one walk (till-and-store-desk.md 3.17).

Accepted parcels of a store are put together by the hour of their promise, then their zone (the district they are
brought to; none where they are fetched), at most 12, each temperature on its own: a parcel with cold goods lies in a
wave for each.  What is picked is kept line by line and absolute (`orders/fulfil.py`), so a wave that lost its network
goes on where it was, and two pickers cannot count twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused

MOST = 12


class WaveClosed(Refused):
    """The wave is closed."""

    code = "wave_closed"


class WrongItem(Refused):
    """What was scanned is not in this parcel; `sku_id` is what it is, if it is known."""

    code = "wrong_item"


_READY_TO_PICK = text("""
    SELECT p.store_id, p.id, p.promise_at, coalesce(CASE WHEN p.mode <> 'pickup' THEN a.region END, '') AS zone,
        product.temperature
    FROM parcel p JOIN parcel_line line ON line.store_id = p.store_id AND line.parcel_id = p.id
    JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN order_address a ON a.store_id = p.store_id AND a.order_id = p.order_id
    WHERE p.at_store_id = :at AND p.state IN ('accepted', 'picking') AND line.qty > line.short_qty
      AND (CAST(:only AS bigint[]) IS NULL OR p.id = ANY(CAST(:only AS bigint[])))
      AND NOT EXISTS (SELECT FROM wave_parcel w WHERE w.store_id = :at AND w.order_store_id = p.store_id
                      AND w.parcel_id = p.id AND w.temperature = product.temperature)
    GROUP BY p.store_id, p.id, a.region, product.temperature
    ORDER BY date_trunc('hour', p.promise_at) NULLS LAST, zone, p.promise_at, p.id""")
_LOCK = text("SELECT id FROM store WHERE id = :at FOR NO KEY UPDATE")
_OPEN = text("""
    INSERT INTO wave (store_id, temperature, promise_at, zone, picker_id, actor, opened_at)
    VALUES (:at, :temperature, :promise, :zone, :picker, :actor, :now) RETURNING id""")
_PUT = text("""
    INSERT INTO wave_parcel (store_id, wave_id, tote, temperature, order_store_id, parcel_id)
    SELECT :at, :wave, tote, :temperature, order_store_id, parcel_id
    FROM unnest(CAST(:stores AS bigint[]), CAST(:parcels AS bigint[])) WITH ORDINALITY
        AS a(order_store_id, parcel_id, tote)""")
_ASSIGN = text("""
    UPDATE wave SET picker_id = :picker WHERE store_id = :at AND id = :wave AND closed_at IS NULL
      AND EXISTS (SELECT FROM staff WHERE staff.id = :picker AND staff.store_id = :at) RETURNING id""")
_CLOSE = text("UPDATE wave SET closed_at = :now WHERE store_id = :at AND id = :wave AND closed_at IS NULL RETURNING id")
_FREE = text("""
    DELETE FROM wave_parcel w USING parcel p
    WHERE w.store_id = :at AND w.wave_id = :wave AND p.store_id = w.order_store_id AND p.id = w.parcel_id
      AND p.state IN ('accepted', 'picking') AND EXISTS (
          SELECT FROM parcel_line line JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
          WHERE line.store_id = p.store_id AND line.parcel_id = p.id AND product.temperature = w.temperature
            AND line.picked_qty + line.short_qty < line.qty)""")
_WAVES = text("""
    SELECT wave.*, staff.name AS picker FROM wave LEFT JOIN staff ON staff.id = wave.picker_id
    WHERE wave.store_id = :at AND (CAST(:wave AS bigint) IS NULL AND closed_at IS NULL OR wave.id = :wave)
    ORDER BY wave.id LIMIT 100""")
_LINES = text("""
    SELECT w.wave_id, w.tote, w.order_store_id, w.parcel_id, p.order_id, p.state, p.at_store_id, line.line_no,
        line.sku_id, line.qty - line.short_qty AS qty, line.picked_qty, product.name, sku.spec, sku.unit, sku.weighed,
        product.picture, coalesce(store_sku.shelf, '') AS shelf,
        (SELECT min(code) FROM barcode WHERE barcode.sku_id = line.sku_id) AS barcode
    FROM wave_parcel w JOIN parcel p ON p.store_id = w.order_store_id AND p.id = w.parcel_id
    JOIN parcel_line line ON line.store_id = p.store_id AND line.parcel_id = p.id
    JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
        AND product.temperature = w.temperature
    LEFT JOIN store_sku ON store_sku.store_id = w.store_id AND store_sku.sku_id = line.sku_id
    WHERE w.store_id = :at AND w.wave_id = ANY(:waves) AND p.at_store_id = :at AND line.qty > line.short_qty
      AND p.state IN ('accepted', 'picking', 'picked', 'ready', 'packed', 'courier_called')
    ORDER BY shelf, line.sku_id, w.tote""")


def grouped(rows: Sequence[Any]) -> list[list[Any]]:
    """Rows of (promise_at, zone, temperature), in their order, as waves of at most MOST.  Pure."""
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        hour = row.promise_at.replace(minute=0, second=0, microsecond=0) if row.promise_at else None
        groups[row.temperature, hour, row.zone].append(row)
    return [rest[at : at + MOST] for rest in groups.values() for at in range(0, len(rest), MOST)]


def plan(
    session: Session,
    at_store_id: int,
    *,
    parcel_ids: Sequence[int] | None = None,
    picker_id: int | None = None,
    actor: str,
    now: datetime,
) -> list[int]:
    """Put all accepted parcels of a store, or those named, that are in no wave yet into waves; returns their ids.

    Two people at once make each wave once: the store's row is locked.
    """
    fetch(session, _LOCK, {"at": at_store_id})
    only = None if parcel_ids is None else list(parcel_ids)
    made = []
    for group in grouped(fetch(session, _READY_TO_PICK, {"at": at_store_id, "only": only})):
        head = group[0]
        given = {"at": at_store_id, "temperature": head.temperature, "promise": head.promise_at, "zone": head.zone}
        wave_id = int(fetch(session, _OPEN, given | {"picker": picker_id, "actor": actor, "now": now})[0].id)
        put = {"wave": wave_id, "stores": [row.store_id for row in group], "parcels": [row.id for row in group]}
        fetch(session, _PUT, given | put)
        data = {"store_id": at_store_id, "parcels": len(group), "temperature": head.temperature}
        journal.record(session, "wave.opened", f"wave:{at_store_id}:{wave_id}", actor=actor, now=now, **data)
        made.append(wave_id)
    return made


def assign(session: Session, at_store_id: int, wave_id: int, picker_id: int, *, actor: str, now: datetime) -> None:
    """This colleague walks the wave.  Raises NotFound, WaveClosed."""
    if first(session, _ASSIGN, {"at": at_store_id, "wave": wave_id, "picker": picker_id}) is None:
        wave = one(session, at_store_id, wave_id)
        if wave["closed_at"] is not None:
            raise WaveClosed(wave_id=wave_id)
        raise NotFound(staff_id=picker_id)
    data = {"store_id": at_store_id, "picker_id": picker_id}
    journal.record(session, "wave.assigned", f"wave:{at_store_id}:{wave_id}", actor=actor, now=now, **data)


def close(session: Session, at_store_id: int, wave_id: int, *, actor: str, now: datetime) -> None:
    """The walk is over; what was not picked may come into another wave.  Closing twice is closing once."""
    given = {"at": at_store_id, "wave": wave_id}
    if first(session, _CLOSE, given | {"now": now}) is None:
        one(session, at_store_id, wave_id)
        return
    fetch(session, _FREE, given)
    where = f"wave:{at_store_id}:{wave_id}"
    journal.record(session, "wave.closed", where, actor=actor, now=now, store_id=at_store_id)


def still_open(session: Session, at_store_id: int) -> list[dict[str, Any]]:
    """The open waves of a store with their pick lists."""
    return _shown(session, at_store_id, None)


def one(session: Session, at_store_id: int, wave_id: int) -> dict[str, Any]:
    """One wave with its pick list; NotFound when it is another store's."""
    found = _shown(session, at_store_id, wave_id)
    if not found:
        raise NotFound(wave_id=wave_id)
    return found[0]


def _shown(session: Session, at_store_id: int, wave_id: int | None) -> list[dict[str, Any]]:
    waves = fetch(session, _WAVES, {"at": at_store_id, "wave": wave_id})
    rows = fetch(session, _LINES, {"at": at_store_id, "waves": [wave.id for wave in waves]}) if waves else []
    return [_wave(wave, [row for row in rows if row.wave_id == wave.id]) for wave in waves]


def _wave(wave: Any, rows: Sequence[Any]) -> dict[str, Any]:
    """The pick list in the order of the shelves: each sku once, with its total and how much goes in which tote."""
    goods: dict[int, dict[str, Any]] = {}
    for row in rows:
        known = {name: getattr(row, name) for name in ("sku_id", "name", "spec", "unit", "weighed", "shelf", "barcode")}
        item = goods.setdefault(row.sku_id, {**known, "picture": row.picture, "qty": 0, "picked_qty": 0, "totes": []})
        item["qty"] += row.qty
        item["picked_qty"] += row.picked_qty
        tote = {name: getattr(row, name) for name in ("tote", "parcel_id", "line_no", "qty", "picked_qty")}
        item["totes"].append(tote)
    totes = {row.tote: {"tote": row.tote, "parcel_id": row.parcel_id, "state": row.state} for row in rows}
    return {
        "id": wave.id,
        "temperature": wave.temperature,
        "zone": wave.zone,
        "picker_id": wave.picker_id,
        "picker": wave.picker or "",
        **{name: (at.isoformat() if (at := getattr(wave, name)) else None) for name in ("promise_at", "closed_at")},
        "opened_at": wave.opened_at.isoformat(),
        "items": list(goods.values()),
        "totes": [totes[tote] for tote in sorted(totes)],
        "qty": sum(row.qty for row in rows),
        "picked_qty": sum(row.picked_qty for row in rows),
    }


_SCANNED = text("""
    SELECT barcode.sku_id, barcode.units, line.line_no, line.qty - line.short_qty AS qty, line.picked_qty
    FROM barcode LEFT JOIN parcel_line line ON line.store_id = :store AND line.parcel_id = :parcel
        AND line.sku_id = barcode.sku_id AND line.qty > line.short_qty
    WHERE barcode.code = :code
    ORDER BY line.picked_qty < line.qty - line.short_qty DESC NULLS LAST, line.line_no LIMIT 1""")


def line_scanned(session: Session, parcel: Any, code: str) -> tuple[int, int]:
    """The line of a parcel that a scanned code belongs to, one that lacks something first; and the units it is of.

    :raises WrongItem: it belongs to none; nothing was counted.
    """
    found = first(session, _SCANNED, {"store": parcel.store_id, "parcel": parcel.id, "code": code})
    if found is None or found.line_no is None:
        raise WrongItem(code=code, sku_id=found.sku_id if found else None)
    return int(found.line_no), int(found.units)
