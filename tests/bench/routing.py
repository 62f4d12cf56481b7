"""What routing one order costs: ten lines, five hundred stores, with and without loading the stores.

`python -m tests.bench.routing` measures this alone, on a database of its own.  The mean of the CPU of this process and of
the database; at most 50 ms in all (members-mall-orders.md 6.2).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from trade.fulfilment.clocks import Hours
from trade.fulfilment.places import Line, Need, Place
from trade.fulfilment.routing import route
from trade.fulfilment.weights import Weights

STORES, LINES, ORDERS = 500, 10, 60
AT_MOST_MS = {"route 500 stores x 10 lines: all": 50.0}
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


def need(dice: Random) -> Need:
    """Ten lines that may be split, due in two hours."""
    lines = tuple(Line(number, number, dice.randint(1, 4)) for number in range(1, LINES + 1))
    return Need(
        "delivery", lines, position=CENTRE, home_store_id=7, may_split=True, promise_at=NOON + timedelta(hours=2)
    )


def pure() -> dict[str, float]:
    """Milliseconds of CPU of one answer, by how full the shelves are: the mean, and the worst of all."""
    told: dict[str, float] = {}
    for name, (have, most) in SHELVES.items():
        dice, spent = Random(17), []
        for _ in range(ORDERS // 2):
            stores, asked = places(dice, have, most), need(dice)
            before = time.process_time()
            found = route(asked, stores, Weights(), NOON)
            spent.append((time.process_time() - before) * 1000)
            assert found.chosen.outcome != "short", found.chosen
        told[f"route 500 stores x 10 lines: {name} shelves"] = sum(spent) / len(spent)
        print(name, found.chosen.outcome, len(found.parcels), found.chosen.optimal, max(spent))
    return told


if __name__ == "__main__":
    print(pure())
