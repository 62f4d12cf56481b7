"""Which store gets the parcel: filter, score, allot, split, as `DECISIONS.md` says.  Pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from trade.fulfilment.allot import Found, Search, Shares
from trade.fulfilment.places import COLDER, Candidate, Group, Judge, Line, Need, Place, caps_of, groups_of
from trade.fulfilment.weights import Mode, Tier, Weights

KEPT = 30
"""How many of the best stores a stored decision keeps with their figures."""
_DIGIT = 48


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one store sends: units by line number; `temperature` where the mode keeps temperatures apart."""

    store_id: int
    lines: Mapping[int, int]
    temperature: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        lines = {str(line_no): qty for line_no, qty in self.lines.items()}
        return {"store_id": self.store_id, "temperature": self.temperature, "lines": lines}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came of it.  `outcome` is `routed`, `short`, `needs_split` or `cannot_split`; only `routed` has parcels.

    `short` are the units by line that all stores together lack; `optimal` is false when the search was cut short.
    """

    outcome: str
    parcels: tuple[Parcel, ...] = ()
    short: Mapping[int, int] | None = None
    optimal: bool = True

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        short = {str(line_no): qty for line_no, qty in (self.short or {}).items()}
        parcels = [parcel.as_json() for parcel in self.parcels]
        return {"outcome": self.outcome, "parcels": parcels, "short": short, "optimal": self.optimal}


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer with its reasons: the stores that passed, best first, and by filter those that did not."""

    need: Need
    chosen: Chosen
    candidates: tuple[Candidate, ...]
    removed: Mapping[int, str]
    rerouted: bool

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        """The parcels; none unless `chosen.outcome` is `routed`."""
        return self.chosen.parcels

    def why(self, weights: Weights) -> dict[str, Any]:
        """*Why this store*, as JSON: what a person reads, and all that a replay needs (`replayed.py`)."""
        by_filter: dict[str, list[int]] = {}
        for store_id, name in sorted(self.removed.items()):
            by_filter.setdefault(name, []).append(store_id)
        sends = {parcel.store_id for parcel in self.parcels}
        best = [one for place, one in enumerate(self.candidates) if place < KEPT or one.store_id in sends]
        mode = self.need.mode
        kept = [one.as_json() | {"cost_fen": cost_fen(one, mode, weights)} for one in best]
        return {
            "need": need_json(self.need) | {"rerouted": self.rerouted},
            "kept": kept,
            "more": len(self.candidates) - len(best),
            "removed": by_filter,
        }


def need_json(need: Need) -> dict[str, Any]:
    """What was asked, as it is stored."""
    lines = [
        {name: getattr(line, name) for name in ("line_no", "sku_id", "qty", "temperature", "multiple", "kit", "parts")}
        for line in need.lines
    ]
    promise_at = need.promise_at.isoformat() if need.promise_at else None
    plain = {"mode": need.mode, "may_split": need.may_split, "promise_at": promise_at, "lines": lines}
    return plain | {"home_store_id": need.home_store_id, "refused": sorted(need.refused)}


def need_of_json(kept: Mapping[str, Any]) -> Need:
    """What of it choosing again needs."""
    lines = tuple(Line(**line | {"parts": tuple(map(tuple, line["parts"]))}) for line in kept["lines"])
    return Need(kept["mode"], lines, may_split=kept["may_split"], home_store_id=kept["home_store_id"])


def cost_fen(one: Candidate, mode: Mode, weights: Weights) -> int:
    """What a parcel from this store costs."""
    return weights.parcel_fen[mode] + weights.fen_per_km[mode] * one.figures["distance_m"] // 1000


def route(need: Need, places: Iterable[Place], weights: Weights, now: datetime, *, rerouted: bool = False) -> Decision:
    """Choose the stores of one need out of all places, in whatever order they come.

    Nothing is allotted beyond what a store has free, and either all of the need or nothing.  `rerouted` takes the order
    of scores for after a refusal.  Where nothing may be split, the answer says whether splitting would have helped.
    """
    assert need.lines, need
    groups, known = groups_of(need.lines), list(places)
    ranked, removed = _filter(Judge(need, weights, now, groups), known, rerouted=rerouted)
    chosen = choose(need, groups, ranked, weights)
    if not chosen.parcels and not need.may_split:
        supposed = replace(need, may_split=True)
        parts = _filter(Judge(supposed, weights, now, groups), known, rerouted=rerouted)[0]
        split = choose(supposed, groups, parts, weights)
        chosen = Chosen("needs_split") if split.parcels else split
    return Decision(need, chosen, ranked.stores, removed, rerouted)


def _filter(judge: Judge, places: Iterable[Place], *, rerouted: bool) -> tuple[Ranked, dict[int, str]]:
    removed: dict[int, str] = {}
    passed: list[Candidate] = []
    for place in places:
        found = judge.judge(place)
        if isinstance(found, str):
            removed[place.store_id] = found
        else:
            passed.append(found)
    return sort(passed, judge.need.mode, judge.weights, rerouted=rerouted), dict(sorted(removed.items()))


@dataclass(frozen=True, slots=True)
class Ranked:
    """Stores, best first, and the key of each."""

    stores: tuple[Candidate, ...]
    keys: tuple[int, ...]


def sort(stores: Iterable[Candidate], mode: Mode, weights: Weights, *, rerouted: bool) -> Ranked:
    """The stores that passed, by the scores for a first routing or for one after a refusal."""
    tiers = weights.rerouted if rerouted else weights.tiers
    pairs = sorted(((key_of(one, mode, weights, tiers), one) for one in stores), key=itemgetter(0))
    return Ranked(tuple(one for _, one in pairs), tuple(key for key, _ in pairs))


def key_of(one: Candidate, mode: Mode, weights: Weights, tiers: Sequence[Tier]) -> int:
    """The scores of a store as one number, tier by tier and then its id, so that sums of numbers are sums of scores."""
    key = 0
    for tier in tiers:
        value = sum(
            weight * (cost_fen(one, mode, weights) if name == "cost_fen" else one.figures[name])
            for name, weight in tier.scores.items()
        )
        key = (key << _DIGIT) + value // tier.step
    return (key << _DIGIT) + one.store_id


def choose(need: Need, groups: Sequence[Group], ranked: Ranked, weights: Weights) -> Chosen:
    """Allot the groups to stores that stand in the order of their score: `route` without the filters."""
    whole = Search(groups, ranked.stores, ranked.keys).run(1)
    if whole.shares is not None:
        return Chosen("routed", _parcels(need, groups, ranked.stores, whole.shares, weights))
    short = _short(groups, ranked.stores)
    if short or not need.may_split:
        return Chosen("short", short=short)
    shares, optimal = _apart(need, groups, ranked, weights)
    if shares is None:
        return Chosen("cannot_split", optimal=optimal)
    return Chosen("routed", _parcels(need, groups, ranked.stores, shares, weights), optimal=optimal)


def _apart(need: Need, groups: Sequence[Group], ranked: Ranked, weights: Weights) -> tuple[Shares | None, bool]:
    """Split: all together, or class by class where temperatures travel apart, on the minutes that are left."""
    classes = {group.temperature for group in groups} if need.mode in weights.apart else {None}
    found: Shares = {}
    optimal, stores = True, list(ranked.stores)
    for temperature in sorted(classes, key=lambda one: COLDER.index(one) if one else 0):
        mine = [index for index, group in enumerate(groups) if temperature in (None, group.temperature)]
        part = [replace(one, caps=tuple(one.caps[index] for index in mine)) for one in stores]
        answer: Found = Search([groups[index] for index in mine], part, ranked.keys).run(weights.most_parcels)
        optimal = optimal and answer.optimal
        if answer.shares is None:
            return None, optimal
        for number, counts in answer.shares.items():
            row = found.setdefault(number, [0] * len(groups))
            took = {index: count for index, count in zip(mine, counts, strict=True) if count}
            for index, count in took.items():
                row[index] += count
            stores[number] = _less(stores[number], groups, took)
    return found, optimal


def _less(store: Candidate, groups: Sequence[Group], took: Mapping[int, int]) -> Candidate:
    """A store without what it sends already, in goods and in minutes."""
    free = dict(store.free)
    for index, count in took.items():
        for sku, per in groups[index].parts:
            free[sku] -= per * count
    lines = max(store.lines - sum(len(groups[index].lines) for index in took), 0)
    return replace(store, free=free, caps=caps_of(groups, free), lines=lines)


def _parcels(
    need: Need, groups: Sequence[Group], ranked: Sequence[Candidate], shares: Shares, weights: Weights
) -> tuple[Parcel, ...]:
    """The shares as parcels, the best store first; lines of one sku are filled in their order."""
    before = [0] * len(groups)
    found: list[Parcel] = []
    for number in sorted(shares):
        by_class: dict[str | None, dict[int, int]] = {}
        for index, took in enumerate(shares[number]):
            if took:
                temperature = groups[index].temperature if need.mode in weights.apart else None
                by_class.setdefault(temperature, {}).update(groups[index].as_lines(took, before[index]))
                before[index] += took
        for temperature, lines in sorted(by_class.items(), key=lambda one: COLDER.index(one[0]) if one[0] else 0):
            found.append(Parcel(ranked[number].store_id, dict(sorted(lines.items())), temperature))
    return tuple(found)


def _short(groups: Sequence[Group], ranked: Sequence[Candidate]) -> dict[int, int]:
    """Units by line that all stores together lack, even if they could be cut up at will."""
    found: dict[int, int] = {}
    left: dict[int, int] = {}
    for group in groups:
        for sku, _ in group.parts:
            left[sku] = sum(one.free.get(sku, 0) for one in ranked)
    for index, group in enumerate(groups):
        alone = min(sum(one.caps[index] for one in ranked), group.count)
        have = min(alone, *(left[sku] // per for sku, per in group.parts))
        for sku, per in group.parts:
            left[sku] -= per * have
        if have < group.count:
            found.update(group.as_lines(group.count - have, have))
    return found
