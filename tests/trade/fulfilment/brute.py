"""Every way to share a need out over some stores: what the search is held against on small cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from trade.fulfilment.places import Candidate, Group


def _shares(count: int, stores: int) -> Iterator[tuple[int, ...]]:
    if stores == 1:
        yield (count,)
        return
    for first in range(count + 1):
        for rest in _shares(count - first, stores - 1):
            yield (first, *rest)


def feasible(groups: Sequence[Group], stores: Sequence[Candidate]) -> bool:
    """May everything be shared out over exactly these stores?"""
    for ways in product(*(list(_shares(group.count, len(stores))) for group in groups)):
        if all(_fits(groups, store, [way[place] for way in ways]) for place, store in enumerate(stores)):
            return True
    return False


def _fits(groups: Sequence[Group], store: Candidate, counts: Sequence[int]) -> bool:
    used: dict[int, int] = {}
    for group, count in zip(groups, counts, strict=True):
        for sku, per in group.parts:
            used[sku] = used.get(sku, 0) + per * count
    lines = sum(len(group.lines) for group, count in zip(groups, counts, strict=True) if count)
    return lines <= store.lines and all(units <= store.free.get(sku, 0) for sku, units in used.items())


def best(
    groups: Sequence[Group], ranked: Sequence[Candidate], keys: Sequence[int], most: int
) -> tuple[int, int] | None:
    """The fewest stores and the lowest sum of their keys; None when no set of at most `most` has everything."""
    for size in range(1, most + 1):
        sums = [
            sum(keys[place] for place in chosen)
            for chosen in combinations(range(len(ranked)), size)
            if feasible(groups, [ranked[place] for place in chosen])
        ]
        if sums:
            return size, min(sums)
    return None
