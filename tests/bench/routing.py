"""What routing one order costs: ten lines, five hundred stores, with and without loading the stores.

`python -m tests.bench.routing` measures this alone, on a database of its own.  CPU of this process and of the
database, the mean of some orders; at most 50 ms in all (members-mall-orders.md 6.2).
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import transaction
from tests.bench import cpu
from trade.fulfilment import candidates
from trade.fulfilment.clocks import Hours
from trade.fulfilment.places import Line, Need, Place
from trade.fulfilment.routing import route
from trade.fulfilment.weights import Weights

STORES, LINES, ORDERS, SKUS = 500, 10, 60, 200
WEIGHTS = Weights()
ALL, AT_MOST_MS = "route 500 stores: all", 50.0
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CENTRE = (30_280_000, 120_130_000)
#        share of skus a store has, and the most it has of one
SHELVES = {"full": (95, 40), "half": (50, 12), "thin": (25, 6), "bare": (12, 3)}


def _square(lat: int, lng: int, half: int) -> tuple[tuple[int, int], ...]:
    return tuple((lat + y * half, lng + x * half) for y, x in ((-1, -1), (-1, 1), (1, 1), (1, -1)))


def places(dice: Random, have: int, most: int) -> list[Place]:
    """Stores around one place, all of which deliver there; opening hours and loads differ."""
    found = []
    for store_id in range(1, STORES + 1):
        free = {sku: dice.randint(1, most) if dice.randrange(100) < have else 0 for sku in range(1, LINES + 1)}
        hours = Hours(60 * dice.choice((6, 7, 8)), 60 * dice.choice((21, 22, 24)))
        lat, lng = (at + dice.randrange(-90_000, 90_000) for at in CENTRE)
        found.append(
            Place(
                store_id, hours, free, dice.choice((60, 120, 180)), area=_square(lat, lng, 100_000),
                distance_m=dice.randrange(100, 12_000), load_minutes=dice.randrange(60), rejects=dice.randrange(50),
            )
        )  # fmt: skip
    return found


def need(dice: Random, skus: Sequence[int] = range(1, LINES + 1)) -> Need:
    """Ten lines that may be split, due in two hours."""
    lines = tuple(Line(number, sku, dice.randint(1, 4)) for number, sku in enumerate(skus, 1))
    return Need(
        "delivery", lines, position=CENTRE, home_store_id=7, may_split=True, promise_at=NOON + timedelta(hours=2)
    )


def pure() -> dict[str, float]:
    """Milliseconds of CPU of one answer, the mean, by how full the shelves are."""
    told: dict[str, float] = {}
    for name, (have, most) in SHELVES.items():
        dice, spent = Random(17), []
        for _ in range(ORDERS):
            stores, asked = places(dice, have, most), need(dice)
            before = time.process_time()
            route(asked, stores, WEIGHTS, NOON)
            spent.append((time.process_time() - before) * 1000)
        told[f"route 500 stores, {name} shelves"] = sum(spent) / len(spent)
    return told


_SEED = """
    INSERT INTO store (code, name, address, phone, lat_e6, lng_e6, zone, opens_minute, closes_minute, slot_capacity,
            area)
        SELECT 'R' || n, '路由' || n, '', '', lat, lng, 'Asia/Shanghai', 0, 1440, 30, CAST(:area AS jsonb)
        FROM (SELECT n, :lat + n * 7919 % 90000 AS lat, :lng + n * 6101 % 90000 AS lng
              FROM generate_series(1, :stores) n) p;
    INSERT INTO category (name, picture, position) VALUES ('路由', '', 99);
    INSERT INTO product (category_id, name, pinyin, brand, description, picture)
        SELECT id, '路由' || n, '', '', '', '' FROM category, generate_series(1, :skus) n WHERE name = '路由';
    INSERT INTO sku (product_id, spec, unit, weighed)
        SELECT id, 'routing', '件', false FROM product WHERE name LIKE '路由%' ORDER BY id;
    INSERT INTO store_sku (store_id, sku_id, sellable, shelf)
        SELECT store.id, sku.id, true, '' FROM store, sku WHERE store.code LIKE 'R%' AND sku.spec = 'routing';
    INSERT INTO stock_level (store_id, sku_id, on_hand, held)
        SELECT store.id, sku.id, CASE WHEN (store.id * 31 + sku.id * 17) % 97 < 50 THEN 6 ELSE 0 END, 0
        FROM store, sku WHERE store.code LIKE 'R%' AND sku.spec = 'routing'
"""


def seed(session: Session) -> list[int]:
    """STORES stores that have half of SKUS skus each; returns the skus."""
    area = json.dumps(_square(*CENTRE, 500_000))
    given = {"area": area, "lat": CENTRE[0], "lng": CENTRE[1], "stores": STORES, "skus": SKUS}
    with transaction(session):
        for statement in _SEED.split(";"):
            session.execute(text(statement), {name: one for name, one in given.items() if f":{name}" in statement})
    session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(text("ANALYZE"))
    session.rollback()
    return list(session.scalars(text("SELECT id FROM sku WHERE spec = 'routing' ORDER BY id")))


def loaded(session: Session, skus: list[int], database: int) -> dict[str, float]:
    """Milliseconds of CPU to load the stores of an order, here and in the database, and to route it."""
    dice, spent = Random(23), {"load: web": 0.0, "load: db": 0.0, "route": 0.0}
    asked = [need(dice, dice.sample(skus, LINES)) for _ in range(ORDERS + 5)]
    for number, one in enumerate(asked):
        if number == 5:  # until then statements are prepared and pages read
            spent = dict.fromkeys(spent, 0.0)
        db = cpu.cpu_ms(database)
        before = time.process_time()
        found = candidates.load(session, one, WEIGHTS, now=NOON)
        between = time.process_time()
        assert route(one, found, WEIGHTS, NOON).parcels
        spent["route"] += (time.process_time() - between) * 1000
        spent["load: web"] += (between - before) * 1000
        spent["load: db"] += cpu.cpu_ms(database) - db
    told = {name: ms / ORDERS for name, ms in spent.items()}
    return told | {ALL: sum(told.values())}


def rows(session: Session, database: int) -> list[dict[str, Any]]:
    """The rows of the bench's table."""
    gc.freeze()  # as `wsgi.py` does: what was loaded stays
    told = pure() | {
        name if name == ALL else f"route 500 stores: {name}": ms
        for name, ms in loaded(session, seed(session), database).items()
    }
    return [{"work": work, "value": round(ms, 2), "unit": "ms CPU"} for work, ms in told.items()]


def faults(found: list[dict[str, Any]], slack: float = 1) -> list[str]:
    """The demands that do not hold: what was loaded and routed, and each answer alone."""
    return [
        f"{row['work']}: {row['value']} ms, at most {AT_MOST_MS} is allowed"
        for row in found
        if row["work"].startswith("route ") and row["value"] > AT_MOST_MS * slack
    ]


def main() -> int:
    """Measure this alone, in the bench's own database; the exit code."""
    from config import embedded, migrate
    from config.db import open_session
    from config.settings import settings
    from tests.bench.__main__ import fresh_database, postmaster, show

    os.environ["DATABASE_URL"] = fresh_database("tongdian_bench_routing")
    settings.cache_clear()
    embedded.database_url.cache_clear()
    migrate.migrate()
    with open_session() as session:
        found = rows(session, postmaster(session))
    show(found)
    for fault in faults(found):
        print(f"NOT MET: {fault}", file=sys.stderr)
    return 1 if faults(found) else 0


if __name__ == "__main__":
    sys.exit(main())
