"""Stores and needs for the tests of routing: open 8 to 22, sixty minutes of work an hour."""

from __future__ import annotations

from typing import Any

from trade.fulfilment.clocks import Hours
from trade.fulfilment.places import Line, Need, Place
from trade.fulfilment.weights import Weights

OPEN = Hours(480, 1320)
SQUARE = ((30_000_000, 120_000_000), (30_000_000, 121_000_000), (31_000_000, 121_000_000), (31_000_000, 120_000_000))
INSIDE, OUTSIDE = (30_500_000, 120_500_000), (32_000_000, 120_500_000)
WEIGHTS = Weights()


def place(store_id: int, free: dict[int, int], **more: Any) -> Place:
    """A store that has `free` units by sku."""
    plain: dict[str, Any] = {"hours": OPEN, "capacity_minutes": 60, "area": SQUARE}
    return Place(store_id, free=free, **plain | more)


def need(goods: dict[int, int], /, **more: Any) -> Need:
    """Units by sku, line by line, to be delivered inside the square."""
    plain: dict[str, Any] = {"mode": "delivery", "position": INSIDE}
    asked = tuple(Line(number, sku, qty) for number, (sku, qty) in enumerate(goods.items(), 1))
    return Need(**plain | {"lines": asked} | more)
