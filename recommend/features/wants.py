"""What the ranker may know of a member's wants and of an item, from events before the question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommend.histories import Floats, Ints, Singles
from recommend.wants import BUY, CART, FAVOURITE, Wants


@dataclass(frozen=True)
class WantFacts:
    """Features of one moment; they never hold the number of a member or an item."""

    keys: Ints
    both: Singles
    member: Singles
    item: Singles

    def of(self, member: Ints, item: Ints) -> Singles:
        """Pairs x features; what a member never did with an item is NaN."""
        asked = member * len(self.item) + item
        place = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        both = self.both[place]
        both[self.keys[place] != asked] = np.nan
        return np.concatenate([both, self.member[member], self.item[item]], axis=1)


def want_facts(past: Wants) -> WantFacts:
    """All features as of the moment `past.now`."""
    keys, both = _together(past)
    return WantFacts(
        keys, both.astype(np.float32), _of_members(past).astype(np.float32), _of_items(past).astype(np.float32)
    )


def _together(past: Wants) -> tuple[Ints, Floats]:
    keys, place = np.unique(past.member * past.items + past.item, return_inverse=True)
    ages = np.full((3, len(keys)), np.nan)
    for kind in (FAVOURITE, CART, BUY):
        use = past.kind == kind
        np.fmin.at(ages[kind], place[use], past.age[use])
    newest = np.fmin.reduce(ages, axis=0)
    owner = keys // past.items
    wanted = np.isnan(ages[BUY])
    start = np.searchsorted(owner, np.arange(past.members))
    ranks = []
    for value in (newest, np.where(wanted, newest, np.inf)):
        order = np.lexsort((value, owner))
        rank = np.empty(len(keys))
        rank[order] = np.arange(len(keys)) - start[owner[order]]
        ranks.append(rank)
    last = np.full(past.members, np.inf)
    np.minimum.at(last, past.member, past.age)
    columns = [*ages, newest, newest - last[owner], ages[CART] - ages[FAVOURITE], ages[CART] - ages[BUY]]
    columns += [wanted, (~np.isnan(ages)).sum(axis=0), *ranks, newest * past.unit % 1.0]
    return keys, np.stack([np.asarray(column, float) for column in columns], axis=1)


def _of_members(past: Wants) -> Floats:
    last, first = np.full(past.members, np.inf), np.zeros(past.members)
    np.minimum.at(last, past.member, past.age)
    np.maximum.at(first, past.member, past.age)
    times = [_count(past.member[past.kind == kind], past.members) for kind in (FAVOURITE, CART, BUY)]
    lately = [_count(past.member[(past.kind == kind) & (past.age <= 1)], past.members) for kind in (CART, BUY)]
    bought, carted = past.of(past.kind == BUY), past.of(past.kind == CART)
    from_cart = np.asarray(carted.multiply(bought).sum(axis=1), float).ravel()
    wanted = past.of(past.kind != BUY)
    pending = np.asarray((wanted - wanted.multiply(bought)).sum(axis=1), float).ravel()
    last_buy = np.full(past.members, np.inf)
    np.minimum.at(last_buy, past.member[past.kind == BUY], past.age[past.kind == BUY])
    columns = [*times, *lately, last, first, last_buy, from_cart / (times[CART] + 1), pending]
    return np.where(np.isinf(found := np.stack(columns, axis=1)), np.nan, found)


def _of_items(past: Wants) -> Floats:
    times = [_count(past.item[past.kind == kind], past.items) for kind in (FAVOURITE, CART, BUY)]
    lately = [
        _count(past.item[(past.kind == kind) & (past.age <= units)], past.items)
        for units in (0.5, 1.0, 2.0)
        for kind in (CART, BUY)
    ]
    bought, wanted = past.of(past.kind == BUY), past.of(past.kind != BUY)
    used = np.asarray(bought.multiply(wanted).sum(axis=0), float).ravel()
    asked = np.asarray(wanted.sum(axis=0), float).ravel()
    quiet = np.full(past.items, np.inf)
    np.minimum.at(quiet, past.item, past.age)
    every = times[0] + times[1] + times[2]
    columns = [
        *(np.log1p(one) for one in (*times, *lately)),
        lately[5] / (times[2] + 3),
        times[2] / (every + 3),
        (used + 0.5) / (asked + 5),
        np.where(np.isinf(quiet), np.nan, quiet),
    ]
    return np.stack(columns, axis=1)


def _count(group: Ints, groups: int) -> Floats:
    return np.bincount(group, minlength=groups).astype(float)
