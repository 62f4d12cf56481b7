"""A store as routing sees it, what is asked of it, and the first filter that says no (`DECISIONS.md`).  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from trade.fulfilment import clocks
from trade.fulfilment.clocks import MINUTE, Hours
from trade.fulfilment.weights import Mode, Weights
from trade.stores.areas import Corner, inside

COLDER = ("ambient", "chilled", "frozen")
MOST_SELL_DOWN = 9


@dataclass(frozen=True, slots=True)
class Line:
    """What lacks a store of one order line; lines of one `kit` have the same `qty / multiple`, the number of kits.

    A sku that is a kit by itself names its `parts`, (sku, units in one): only they have stock.
    """

    line_no: int
    sku_id: int
    qty: int
    temperature: str = "ambient"
    multiple: int = 1
    kit: int | None = None
    parts: tuple[tuple[int, int], ...] = ()

    def made_of(self, qty: int) -> dict[int, int]:
        """So many units of it, as units of what has stock."""
        return {sku: each * qty for sku, each in self.parts} if self.parts else {self.sku_id: qty}


@dataclass(frozen=True, slots=True)
class Need:
    """What is routed.  `position` is in millionths of a degree; `refused` are the stores that said no before."""

    mode: Mode
    lines: tuple[Line, ...]
    position: tuple[int, int] | None = None
    home_store_id: int | None = None
    chosen_store_id: int | None = None
    may_split: bool = False
    promise_at: datetime | None = None
    refused: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """One store at this moment: `free` units by sku of what it sells (no key: it does not sell it) and of kits' parts.

    `cold` are the temperatures beside ambient that it keeps in the mode asked; `capacity_minutes` its work in an hour.
    """

    store_id: int
    hours: Hours
    free: Mapping[int, int]
    capacity_minutes: int
    offers: bool = True
    paused: bool = False
    cold: frozenset[str] = frozenset(COLDER[1:])
    area: Sequence[Corner] = ()
    distance_m: int = 0
    load_minutes: int = 0
    order_minutes: int | None = None
    line_minutes: int | None = None
    sell_down: Mapping[int, int] = field(default_factory=dict)
    rejects: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """What goes out together, `count` times: a pack of one line (or of lines of one sku), or a kit of several lines."""

    count: int
    parts: tuple[tuple[int, int], ...]
    lines: tuple[Line, ...]
    temperature: str

    def as_lines(self, took: int, before: int) -> dict[int, int]:
        """`took` of it as units by line, after `before` went elsewhere: lines of one sku fill up in their order."""
        if self.lines[0].kit is not None:
            return {line.line_no: took * line.multiple for line in self.lines}
        found, at = {}, 0
        for line in self.lines:
            packs = line.qty // line.multiple
            mine = min(before + took, at + packs) - max(before, at)
            if mine > 0:
                found[line.line_no] = mine * line.multiple
            at += packs
        return found


def groups_of(lines: Sequence[Line]) -> tuple[Group, ...]:
    """The lines as what goes out together.  A kit travels at the coldest of its temperatures."""
    found = []
    for line in lines:
        assert line.qty > 0 and line.qty % line.multiple == 0, line
    alone = sorted(
        (line for line in lines if line.kit is None), key=lambda one: (one.sku_id, one.multiple, one.line_no)
    )
    for (_, multiple), same in groupby(alone, key=lambda one: (one.sku_id, one.multiple)):
        mine = tuple(same)
        count = sum(line.qty for line in mine) // multiple
        found.append(Group(count, tuple(sorted(mine[0].made_of(multiple).items())), mine, mine[0].temperature))
    kits = sorted((line for line in lines if line.kit is not None), key=lambda one: (one.kit or 0, one.line_no))
    for _, same in groupby(kits, key=lambda one: one.kit):
        mine = tuple(same)
        counts = {line.qty // line.multiple for line in mine}
        assert len(counts) == 1, mine
        parts: dict[int, int] = {}
        for line in mine:
            for sku, units in line.made_of(line.multiple).items():
                parts[sku] = parts.get(sku, 0) + units
        coldest = max((line.temperature for line in mine), key=COLDER.index)
        found.append(Group(counts.pop(), tuple(sorted(parts.items())), mine, coldest))
    return tuple(sorted(found, key=lambda one: one.lines[0].line_no))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A store that passed every filter: `caps` of each group, `lines` it has the minutes for, and its figures.

    `free` is what it may give of each sku, no more than is asked.
    """

    store_id: int
    caps: tuple[int, ...]
    free: Mapping[int, int]
    lines: int
    figures: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """As it is stored; `of_json` reads it back."""
        free = {str(sku): units for sku, units in self.free.items()}
        return {"store_id": self.store_id, "lines": self.lines, "free": free, **self.figures}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any], groups: Sequence[Group]) -> Candidate:
        """The other way round."""
        free = {int(sku): units for sku, units in kept["free"].items()}
        figures = {name: kept[name] for name in FIGURES}
        return cls(kept["store_id"], caps_of(groups, free), free, kept["lines"], figures)


FIGURES = ("late", "away", "distance_m", "keep", "load", "rejects")


def caps_of(groups: Sequence[Group], free: Mapping[int, int]) -> tuple[int, ...]:
    """How often a store has each group, each looked at alone."""
    get = free.get
    return tuple(
        get(group.parts[0][0], 0) // group.parts[0][1]
        if len(group.parts) == 1
        else min(get(sku, 0) // per for sku, per in group.parts)
        for group in groups
    )


@dataclass(frozen=True, slots=True)
class Judge:
    """The filters and figures of one need; `judge` answers for one store."""

    need: Need
    weights: Weights
    now: datetime
    groups: tuple[Group, ...]
    asked: dict[int, int] = field(default_factory=dict)
    times: dict[Hours, tuple[datetime, int]] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.classes.update(group.temperature for group in self.groups if group.temperature != "ambient")
        for group in self.groups:
            for sku, per in group.parts:
                self.asked[sku] = self.asked.get(sku, 0) + per * group.count

    def judge(self, place: Place) -> Candidate | str:
        """The store with its figures, or the name of the first filter that removes it (`DECISIONS.md`, 2)."""
        need = self.need
        enough = any if need.may_split else all
        if not enough(line.sku_id in place.free for line in need.lines):
            return "not_sellable"
        caps = caps_of(self.groups, place.free)
        if not (any(caps) if need.may_split else self._has_all(place)):
            return "no_stock"
        if need.mode == "delivery" and not self._delivers(place):
            return "outside_area"
        opens_at, open_minutes = self._times(place.hours)
        if not place.offers or place.paused or (need.promise_at is not None and opens_at >= need.promise_at):
            return "closed"
        figures, lines = self._measure(place, place.capacity_minutes * open_minutes // 60)
        if lines < (1 if need.may_split else len(need.lines)):
            return "no_capacity"
        if place.store_id in need.refused:
            return "refused_before"
        if not self.classes <= place.cold:
            caps = tuple(
                cap if group.temperature in ("ambient", *place.cold) else 0
                for cap, group in zip(caps, self.groups, strict=True)
            )
            if not any(caps) or (not need.may_split and 0 in caps):
                return "cold_chain"
        if need.chosen_store_id not in (None, place.store_id):
            return "not_chosen"
        return self._candidate(place, caps, lines, figures)

    def _delivers(self, place: Place) -> bool:
        if self.need.position is None:
            return place.store_id in (self.need.home_store_id, self.need.chosen_store_id)
        return inside(place.area, *self.need.position)

    def _has_all(self, place: Place) -> bool:
        return all(place.free.get(sku, 0) >= units for sku, units in self.asked.items())

    def _times(self, hours: Hours) -> tuple[datetime, int]:
        """When a store with these hours opens, and how many minutes it is open until the promise or the horizon."""
        known = self.times.get(hours)
        if known is None:
            opens_at, until = clocks.opening(hours, self.now), self.need.promise_at
            if until is None:
                until = clocks.after(hours, self.now, self.weights.horizon_minutes[self.need.mode] * MINUTE)
            known = self.times[hours] = opens_at, clocks.open_between(hours, opens_at, until) // MINUTE
        return known

    def _measure(self, place: Place, can: int) -> tuple[dict[str, int], int]:
        """Its figures, and the lines it has the minutes for, when it `can` do so many minutes of work until then."""
        need, weights, mode = self.need, self.weights, self.need.mode
        order = weights.order_minutes[mode] if place.order_minutes is None else place.order_minutes
        line = max(weights.line_minutes[mode] if place.line_minutes is None else place.line_minutes, 1)
        figures = {
            "late": int(need.promise_at is not None and self._late(place, order + line * len(need.lines))),
            "away": int(need.home_store_id is not None and place.store_id != need.home_store_id),
            "distance_m": place.distance_m,
            "load": min(place.load_minutes * 1000 // can, 1000) if can > 0 else 1000,
            "rejects": place.rejects,
        }
        return figures, max(can - place.load_minutes - order, 0) // line

    def _late(self, place: Place, work: int) -> bool:
        if not place.capacity_minutes:
            return True
        seconds = -(-(place.load_minutes + work) * 3600 // place.capacity_minutes)
        arrives_at = clocks.after(place.hours, self.now, timedelta(seconds=seconds))
        if self.need.mode == "delivery":
            arrives_at += -(-place.distance_m // self.weights.metres_per_minute) * MINUTE
        return self.need.promise_at is not None and arrives_at > self.need.promise_at

    def _candidate(self, place: Place, caps: tuple[int, ...], lines: int, figures: dict[str, int]) -> Candidate:
        """What it may give, without what it cannot keep cold or pick in time."""
        gives = {sku for group, cap in zip(self.groups, caps, strict=True) if cap for sku, _ in group.parts}
        free = {sku: min(place.free[sku], units) for sku, units in self.asked.items() if sku in gives}
        figures["keep"] = MOST_SELL_DOWN * len(self.need.lines)
        if place.sell_down:
            mine = [line.sku_id for group, cap in zip(self.groups, caps, strict=True) if cap for line in group.lines]
            figures["keep"] -= sum(min(place.sell_down.get(sku, 0), MOST_SELL_DOWN) for sku in mine)
        return Candidate(place.store_id, caps, free, min(lines, len(self.need.lines)), figures)
