"""The fewest stores that together have everything, and among those the best (`DECISIONS.md`, 4).  Pure.

Stores are numbers in the order of their score.  For a group and a remainder, a bit per store says who has that much, so
the last store of a set is the lowest bit of an AND over the groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from trade.fulfilment.places import Candidate, Group

NODES = 2_000
"""Steps of the search for each number of stores, before the best found so far stands."""
WAYS = 2_000
"""Ways of sharing out tried for one set of stores, where goods or minutes are tight."""

Shares = dict[int, list[int]]
"""Store (its number) -> how often it sends each group."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best shares; `optimal` when the search was exhausted, `shares` None when there are none."""

    shares: Shares | None
    optimal: bool


@dataclass
class Search:
    """One search: `keys` are the scores of the stores, ascending; they add up."""

    groups: Sequence[Group]
    stores: Sequence[Candidate]
    keys: Sequence[int]
    nodes: int = 0
    best: tuple[int, Shares] | None = None
    bits: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        skus = [sku for group in self.groups for sku, _ in group.parts]
        lines = sum(len(group.lines) for group in self.groups)
        self.shared = {sku for sku in skus if skus.count(sku) > 1}
        self.tight = bool(self.shared) or any(store.lines < lines for store in self.stores)
        self.most = [max((store.caps[g] for store in self.stores), default=0) for g in range(len(self.groups))]

    def run(self, most_stores: int) -> Found:
        """The fewest stores, at most so many; of those sets the one with the lowest sum of keys."""
        optimal = True
        for stores in range(1, min(most_stores, len(self.stores)) + 1):
            self.nodes = 0
            self._go((), [group.count for group in self.groups], 0, stores)
            optimal = optimal and self.nodes < NODES
            if self.best is not None:
                return Found(self.best[1], optimal)
        return Found(None if optimal else self._greedy(most_stores), optimal)

    def _has(self, group: int, units: int) -> int:
        """A bit for each store that has so much of a group."""
        known = self.bits.get((group, units))
        if known is None:
            known = sum(1 << i for i, store in enumerate(self.stores) if store.caps[group] >= units)
            self.bits[group, units] = known
        return known

    def _go(self, chosen: tuple[int, ...], left: list[int], key: int, more: int) -> None:
        """Extend `chosen` by `more` stores that cover what is `left` of each group."""
        if more == 1:
            self._finish(chosen, left, key)
            return
        for number in _numbers(self._next(left, more)):
            if number in chosen:
                continue
            sum_key = key + self.keys[number]
            if self.best is not None and sum_key + (more - 1) * self.keys[0] >= self.best[0]:
                return
            if self.nodes >= NODES:
                return
            self.nodes += 1
            caps = self.stores[number].caps
            rest = [max(units - cap, 0) for units, cap in zip(left, caps, strict=True)]
            if all(units <= (more - 1) * most for units, most in zip(rest, self.most, strict=True)):
                self._go((*chosen, number), rest, sum_key, more - 1)

    def _next(self, left: Sequence[int], more: int) -> int:
        """Who may come next: of the group that fewest can help with, one of `more` stores must send a fair share."""
        asked = [self._has(group, -(-units // more)) for group, units in enumerate(left) if units]
        return min(asked, key=int.bit_count) if asked else (1 << len(self.stores)) - 1

    def _finish(self, chosen: tuple[int, ...], left: Sequence[int], key: int) -> None:
        self.nodes += 1
        able = (1 << len(self.stores)) - 1
        for number in chosen:
            able &= ~(1 << number)
        for group, units in enumerate(left):
            if units:
                able &= self._has(group, units)
        for number in _numbers(able):
            sum_key = key + self.keys[number]
            if self.best is not None and sum_key >= self.best[0]:
                return
            shares = self.share((*chosen, number))
            if shares is not None:
                self.best = (sum_key, shares)
                return
            if self.nodes >= NODES:
                return
            self.nodes += 1

    def _greedy(self, most_stores: int) -> Shares | None:
        """Whoever sends most of what is left, again and again: the way out when the search was cut short."""
        chosen: list[int] = []
        left = [group.count for group in self.groups]
        while any(left) and len(chosen) < most_stores:
            rest = [number for number in range(len(self.stores)) if number not in chosen]
            helped = [sum(map(min, left, self.stores[number].caps)) for number in rest]
            number = rest[helped.index(max(helped))]
            left = [max(units - cap, 0) for units, cap in zip(left, self.stores[number].caps, strict=True)]
            chosen.append(number)
        return None if any(left) else self.share(tuple(chosen))

    def share(self, chosen: Sequence[int]) -> Shares | None:
        """Share everything out over these stores, the best first, or None; a group stays in one if it can."""
        stores = sorted(chosen)
        shares: Shares = {number: [0] * len(self.groups) for number in stores}
        free = {number: dict(self.stores[number].free) for number in stores}
        room = {number: self.stores[number].lines for number in stores}
        order: Sequence[int] = range(len(self.groups))
        if self.tight:  # what is shared first, and what asks most of its parts
            order = sorted(order, key=lambda g: (not self._is_shared(g), -len(self.groups[g].parts), g))
        self._ways = 0
        return shares if self._share(list(order), shares, free, room) else None

    def _is_shared(self, group: int) -> bool:
        return any(sku in self.shared for sku, _ in self.groups[group].parts)

    def _share(
        self, order: list[int], shares: Shares, free: Mapping[int, dict[int, int]], room: dict[int, int]
    ) -> bool:
        if not order:
            return True
        index, group = order[0], self.groups[order[0]]
        lines = len(group.lines)
        able = [number for number in shares if room[number] >= lines]
        caps = [min(free[number].get(sku, 0) // per for sku, per in group.parts) for number in able]
        for way in _ways(group.count, caps, every=self._is_shared(index)):
            self._ways += 1
            if self._ways > WAYS:
                return False
            self._take(zip(able, way, strict=True), index, shares, free, room, 1)
            if self._share(order[1:], shares, free, room):
                return True
            self._take(zip(able, way, strict=True), index, shares, free, room, -1)
        return False

    def _take(
        self,
        way: Iterator[tuple[int, int]],
        index: int,
        shares: Shares,
        free: Mapping[int, dict[int, int]],
        room: dict[int, int],
        sign: int,
    ) -> None:
        group = self.groups[index]
        for number, took in way:
            if took:
                shares[number][index] += sign * took
                room[number] -= sign * len(group.lines)
                for sku, per in group.parts:
                    free[number][sku] -= sign * per * took


def _numbers(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _ways(count: int, caps: Sequence[int], *, every: bool) -> Iterator[list[int]]:
    """How `count` may be shared over stores that have `caps`: fewest stores first, the first store as much as it can.

    One way for each set of stores, or `every` one, where what is taken here is lacking elsewhere.
    """
    for stores in range(1, min(len(caps), count) + 1):
        for chosen in combinations([i for i, cap in enumerate(caps) if cap], stores):
            if sum(caps[i] for i in chosen) >= count:
                for parts in _parts(count, [caps[i] for i in chosen], every=every):
                    way = [0] * len(caps)
                    for i, part in zip(chosen, parts, strict=True):
                        way[i] = part
                    yield way


def _parts(count: int, caps: Sequence[int], *, every: bool) -> Iterator[list[int]]:
    if len(caps) == 1:
        if 1 <= count <= caps[0]:
            yield [count]
        return
    for part in range(min(caps[0], count - len(caps) + 1), 0, -1):
        found = False
        for rest in _parts(count - part, caps[1:], every=every):
            found = True
            yield [part, *rest]
            if not every:
                return
        if found and not every:
            return
