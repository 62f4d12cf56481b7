"""The basket as the engine handles it: goods, and the segments of their units that share a price and its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from config.money import line_fen

LIST = "list"


@dataclass(frozen=True, slots=True)
class Good:
    """A basket line: pieces, or grams of weighed goods.

    `steps` are the price book's (from this quantity of the sku, unit price in fen per piece or kilogram), ascending;
    the first counts from 1.
    """

    line_no: int
    sku_id: int
    category_id: int
    qty: int
    weighed: bool
    steps: tuple[tuple[int, int], ...]

    def cost_fen(self, unit_fen: int, units: int) -> int:
        """What so many of its units cost at a unit price."""
        return line_fen(unit_fen, units, weighed=self.weighed)


class Segment(NamedTuple):
    """Units of line `line` (an index, not a number) at one price; `cls` is their class in the stacking table."""

    line: int
    units: int
    net_fen: int
    cls: str
    rule_id: int


def unit_prices(goods: Sequence[Good]) -> list[int]:
    """The list price of each line: the step that the sku's quantity in the whole basket reaches."""
    together: Counter[int] = Counter()
    for good in goods:
        together[good.sku_id] += good.qty
    found = []
    for good in goods:
        price_fen = good.steps[0][1]
        for from_qty, fen in good.steps:
            if together[good.sku_id] >= from_qty:
                price_fen = fen
        found.append(price_fen)
    return found
