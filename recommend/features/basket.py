"""What the ranker may know of a member, an item, and the two together, from baskets before the question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommend.candidates.frequency import popularity
from recommend.histories import Baskets, Floats, Ints, Singles


@dataclass(frozen=True)
class Facts:
    """Features of one moment: they are looked up, and never hold the number of a member or an item."""

    keys: Ints
    both: Singles
    member: Singles
    item: Singles
    price: Singles
    usual: Singles

    def of(self, member: Ints, item: Ints) -> Singles:
        """Pairs x features; what a member never did with an item is NaN."""
        asked = member * len(self.item) + item
        place = np.minimum(np.searchsorted(self.keys, asked), max(len(self.keys) - 1, 0))
        both = self.both[place]
        both[self.keys[place] != asked] = np.nan
        against = (self.price[item] / self.usual[member])[:, None]
        return np.concatenate([both, self.member[member], self.item[item], against], axis=1)


def facts(past: Baskets, at: float) -> Facts:
    """All features as of the moment `at`; `past` holds only baskets before it.

    Without dates the moment is the number of the member's next basket.
    """
    now = np.full(past.members, at) if past.dated else past.each.astype(float)
    keys, both = _together(past, now)
    lines_owner = past.owner[np.repeat(np.arange(len(past.owner)), np.diff(past.lines.indptr))]
    usual = _mean_by(lines_owner, past.price[past.lines.indices], past.members)
    return Facts(
        keys,
        both.astype(np.float32),
        _of_members(past, now).astype(np.float32),
        _of_items(past, at).astype(np.float32),
        past.price.astype(np.float32),
        usual.astype(np.float32),
    )


def _together(past: Baskets, now: Floats) -> tuple[Ints, Floats]:
    """The key of every member with every item bought, in order, and what is known of the two."""
    basket = np.repeat(np.arange(len(past.owner)), np.diff(past.lines.indptr))
    key = past.owner[basket] * past.items + past.lines.indices
    order = np.argsort(key, kind="stable")  # Baskets are in order of time, and stay so within a key.
    key, basket = key[order], basket[order]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    times = np.diff(np.append(start, len(key)))
    first, last = basket[start], basket[start + times - 1]
    owner = past.owner[first]
    before = basket[start + np.maximum(times - 2, 0)]
    since = now[owner] - past.at[last]
    several = np.where(times > 1, times - 1.0, np.nan)
    gap = (past.at[last] - past.at[first]) / several
    columns = [
        times,
        times / past.each[owner],
        past.back[last] + 1,
        past.back[first] + 1,
        times / (past.back[first] + 1),
        np.add.reduceat((past.back[basket] < 3).astype(float), start),
        np.add.reduceat(0.8 ** past.back[basket].astype(float), start),
        np.add.reduceat(1 / past.sizes[basket], start),
        since,
        gap,
        since / np.maximum(gap, 1e-6),
        np.where(times > 1, past.at[last] - past.at[before], np.nan),
        past.back[before] - past.back[last],
    ]
    return key[start], np.stack([np.asarray(column, float) for column in columns], axis=1)


def _of_members(past: Baskets, now: Floats) -> Floats:
    each = np.maximum(past.each, 1)
    newest = past.back == 0
    last_size = np.bincount(past.owner[newest], weights=past.sizes[newest], minlength=past.members)
    last_at = np.full(past.members, np.nan)
    last_at[past.owner[newest]] = past.at[newest]
    first_at = np.full(past.members, np.nan)
    first_at[past.owner[past.number == 0]] = past.at[past.number == 0]
    bought = np.asarray(past.counts.sum(axis=1)).ravel()
    distinct = np.diff(past.counts.indptr)
    gap = (last_at - first_at) / np.where(past.each > 1, past.each - 1.0, np.nan)
    columns = [
        past.each,
        bought / each,
        last_size,
        distinct,
        1 - distinct / np.maximum(bought, 1),
        now - last_at,
        gap,
        (now - last_at) / np.maximum(gap, 1e-6),
    ]
    return np.stack([np.asarray(column, float) for column in columns], axis=1)


def _of_items(past: Baskets, at: float) -> Floats:
    popular = popularity(past)
    recent = popularity(past, 0.15)
    newest = popularity(past, 0.05)
    buyers = np.asarray(past.known.sum(axis=0)).ravel()
    again = past.counts.copy()
    again.data = (again.data > 1).astype(np.float32)
    basket = np.repeat(np.arange(len(past.owner)), np.diff(past.lines.indptr))
    size = _mean_by(past.lines.indices, past.sizes[basket], past.items)
    columns = [
        np.log1p(popular),
        np.log1p(buyers),
        np.log1p(recent),
        np.log1p(newest),
        recent / (popular + 3),
        newest / (recent + 3),
        np.log1p(_first_buyers(past, basket)),
        np.asarray(again.sum(axis=0)).ravel() / (buyers + 5),
        size,
    ]
    if past.dated:
        age = np.full(past.items, np.nan)
        np.fmax.at(age, past.lines.indices, at - past.at[basket])
        quiet = np.full(past.items, np.nan)
        np.fmin.at(quiet, past.lines.indices, at - past.at[basket])
        columns += [age, quiet]
    return np.stack([np.asarray(column, float) for column in columns], axis=1)


def _first_buyers(past: Baskets, basket: Ints) -> Floats:
    """How many members bought each item for the first time in the newest 15% of the time."""
    key = past.owner[basket] * past.items + past.lines.indices
    _, first = np.unique(key, return_index=True)
    if past.dated:
        span = past.at.max() - past.at.min()
        fresh = past.at[basket[first]] >= past.at.max() - 0.15 * span
    else:
        fresh = (past.number[basket[first]] > 0) & (past.back[basket[first]] < 3)
    return np.bincount(past.lines.indices[first[fresh]], minlength=past.items).astype(float)


def _mean_by(group: Ints, value: Floats, groups: int) -> Floats:
    good = ~np.isnan(value)
    times = np.bincount(group[good], minlength=groups)
    total = np.bincount(group[good], weights=value[good], minlength=groups)
    return np.where(times > 0, total / np.maximum(times, 1), np.nan)
