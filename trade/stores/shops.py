"""Shops as a customer sees them: distance, opening hours, pickup slots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.stores.models import Store

SLOT = timedelta(hours=1)
SLOTS = 8
PREPARE = timedelta(minutes=30)


def clock_words(minute: int) -> str:
    """Minutes after midnight as `08:30`; the end of a day is `24:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def open_at(store: Store, at: datetime) -> bool:
    """Is the store open at this moment, in its own zone?"""
    local = at.astimezone(ZoneInfo(store.zone))
    return store.opens_minute <= local.hour * 60 + local.minute < store.closes_minute


_NEAREST = text("""
    SELECT id, CASE WHEN CAST(:lat AS double precision) IS NOT NULL THEN
        CAST(2 * 6371000 * asin(sqrt(
            power(sin(radians((CAST(:lat AS double precision) - lat_e6 / 1e6) / 2)), 2)
            + cos(radians(CAST(:lat AS double precision))) * cos(radians(lat_e6 / 1e6))
              * power(sin(radians((CAST(:lng AS double precision) - lng_e6 / 1e6) / 2)), 2))) AS bigint) END AS metres
    FROM store ORDER BY metres NULLS LAST, id""")


def listed(session: Session, *, place: tuple[str, str] | None, now: datetime) -> list[dict[str, Any]]:
    """Every store, nearest first when the customer's place (degrees north, east) is known."""
    lat, lng = place or (None, None)
    shops = {store.id: store for store in session.scalars(select(Store))}
    return [
        {
            "id": store.id,
            "name": store.name,
            "address": store.address,
            "phone": store.phone,
            "opens": clock_words(store.opens_minute),
            "closes": clock_words(store.closes_minute),
            "open_now": open_at(store, now),
            "distance_m": row.metres,
        }
        for row in session.execute(_NEAREST, {"lat": lat, "lng": lng})
        for store in [shops[row.id]]
    ]


@dataclass(frozen=True, slots=True)
class Slot:
    """One hour in which an order may be fetched, or is brought."""

    from_at: datetime
    to_at: datetime
    label: str
    open: bool

    def as_json(self) -> dict[str, Any]:
        """As the checkout shows it."""
        return {
            "from_at": self.from_at.isoformat(),
            "to_at": self.to_at.isoformat(),
            "label": self.label,
            "open": self.open,
        }


_TAKEN = text(
    "SELECT promise_at, count(*) FROM sale_order WHERE store_id = :store AND channel = 'mall'"
    " AND mode = :mode AND state IN ('placed', 'paid', 'confirmed') AND promise_at >= :from_at"
    " GROUP BY promise_at"
)


def slots(
    session: Session,
    store_id: int,
    *,
    now: datetime,
    mode: str = "pickup",
    capacity: int | None = None,
    prepare: timedelta = PREPARE,
) -> list[Slot]:
    """The next slots of a store, within its opening hours; a full one is shown closed.

    What is fetched is promised for the beginning of its slot, what is brought for its end.

    :param capacity: how many orders fit in one slot; None is the store's own figure for pickups.
    """
    store = session.get(Store, store_id)
    if store is None:
        raise NotFound(store_id=store_id)
    zone = ZoneInfo(store.zone)
    earliest = now + prepare
    room = store.slot_capacity if capacity is None else capacity
    taken = {row[0]: row[1] for row in session.execute(_TAKEN, {"store": store_id, "mode": mode, "from_at": now})}
    found: list[Slot] = []
    for day in range(3):
        date = (now.astimezone(zone) + timedelta(days=day)).date()
        midnight = datetime.combine(date, time(), zone)
        for minute in range(store.opens_minute, store.closes_minute - 59, 60):
            from_at = midnight + timedelta(minutes=minute)
            if from_at >= earliest and len(found) < SLOTS:
                label = f"{date.month}-{date.day} {clock_words(minute)}-{clock_words(minute + 60)}"
                promise_at = from_at if mode == "pickup" else from_at + SLOT
                found.append(Slot(from_at, from_at + SLOT, label, taken.get(promise_at, 0) < room))
    return found


_NAME = text("SELECT name FROM store WHERE id = :store")


def name(session: Session, store_id: int) -> str:
    """What a store is called; NotFound when there is none."""
    found = first(session, _NAME, {"store": store_id})
    if found is None:
        raise NotFound(store_id=store_id)
    return str(found.name)


_NAMES = text("SELECT id, name FROM store ORDER BY id")


def names(session: Session) -> list[dict[str, Any]]:
    """Every store's id and name, to choose one from."""
    return [{"id": row.id, "name": row.name} for row in fetch(session, _NAMES, {})]
