"""Which lines of a parcel go out together: what was bought as one bundle (组合套餐) comes whole, from whichever store.

What a bundle took is told by its shares of the lines (`allocation`) and by its parts as they were published.  Worked,
for a bundle of 2 milk and 1 toast:

    line 1      line 2      kit
    4 milk      2 toast     2 of (2, 1): two stores may send one each
    5 milk      2 toast     1 of (5, 2): a milk more than the sets need goes with them
    4 milk      1 toast     1 of (4, 1): a toast was given up
    4 milk                  none: nothing is left to keep together

Lines that several bundles share are one kit, whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.fulfilment.places import Line


@dataclass(frozen=True, slots=True)
class Bundle:
    """The numbers of the lines that a bundle took units of, and units of each sku in one set."""

    lines: frozenset[int]
    parts: dict[int, int]


_BUNDLES = text("""
    SELECT v.body -> 'parts' AS parts, array_agg(DISTINCT a.line_no) AS lines
    FROM allocation a JOIN promotion_version v ON v.promotion_id = a.source_id AND v.version = a.version
    WHERE a.store_id = :store AND a.order_id = :order AND a.source = 'promotion' AND v.body ->> 'kind' = 'bundle'
    GROUP BY a.source_id, a.version, 1 ORDER BY a.source_id""")


def bundles(session: Session, parcel: Any) -> list[Bundle]:
    """What of a parcel's order was bought as bundles."""
    rows = fetch(session, _BUNDLES, {"store": parcel.store_id, "order": parcel.order_id})
    return [Bundle(frozenset(row.lines), dict(row.parts)) for row in rows]


def kept(lines: Sequence[Line], found: Iterable[Bundle]) -> tuple[Line, ...]:
    """The lines, those of a bundle as one kit (module docstring).  Pure."""
    known = {line.line_no: line for line in lines}
    groups: list[tuple[frozenset[int], list[Bundle]]] = []
    for bundle in found:
        mine, by = bundle.lines & known.keys(), [bundle]
        apart = []
        for numbers, others in groups:
            if numbers & mine:
                mine, by = mine | numbers, [*others, *by]
            else:
                apart.append((numbers, others))
        groups = [*apart, (mine, by)]
    for numbers, by in groups:
        if len(numbers) > 1:
            parts = by[0].parts if len(by) == 1 else {}
            known |= _kit([known[number] for number in sorted(numbers)], parts)
    return tuple(known[line.line_no] for line in lines)


def _kit(lines: Sequence[Line], parts: dict[int, int]) -> dict[int, Line]:
    per = [parts.get(line.sku_id, 0) for line in lines]
    sets = {line.qty // each if each and line.qty % each == 0 else 0 for line, each in zip(lines, per, strict=True)}
    even = len(sets) == 1 and 0 not in sets and len({line.sku_id for line in lines}) == len(parts)
    return {
        line.line_no: replace(line, kit=lines[0].line_no, multiple=each if even else line.qty)
        for line, each in zip(lines, per, strict=True)
    }
