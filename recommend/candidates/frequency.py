"""What a member buys again and again, and what all buy: the counting rules that everything learned must beat."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import scipy.sparse as sp

from recommend.candidates.tables import same_for_all, tie_breakers
from recommend.histories import Baskets, Floats, Ints, Table

POPULAR = 300
"""How many popular items are named; more than any list needs after a member's own items are taken away."""


class Source(Protocol):
    """Names items to members, with a score for each."""

    name: str

    def fit(self, past: Baskets) -> Self:
        """Learn from baskets that were all bought before the question."""

    def score(self, members: Ints) -> Table:
        """Members x items."""


def popularity(past: Baskets, recent: float | None = None) -> Floats:
    """In how many baskets each item is; `recent`: only in that last share of the time, or of each history."""
    if recent is None:
        weight = np.ones(len(past.owner))
    elif past.dated:
        span = past.at.max(initial=0) - past.at.min(initial=np.inf)
        weight = (past.at >= past.at.max(initial=0) - recent * span).astype(float)
    else:
        weight = (past.back < np.maximum(1, recent * past.each[past.owner])).astype(float)
    return np.asarray(weight @ past.lines, float)


class Popularity:
    """G-TopFreq: the same for everyone."""

    def __init__(self, recent: float | None = None) -> None:
        self.recent = recent
        self.name = "popularity" if recent is None else f"popularity, last {recent:.0%}"

    def fit(self, past: Baskets) -> Self:
        """Count."""
        self.popular = popularity(past, self.recent)
        return self

    def score(self, members: Ints) -> Table:
        """The most popular items."""
        return same_for_all(self.popular * (1 + tie_breakers(len(self.popular))), len(members), POPULAR)


class Frequency:
    """P-TopFreq: how often the member bought it; filled up with popular items it is GP-TopFreq."""

    def __init__(self, *, fill: bool, decay: float = 1.0) -> None:
        self.fill, self.decay = fill, decay
        self.name = ("GP-TopFreq" if fill else "P-TopFreq") + (f" decayed {decay}" if decay != 1 else "")

    def fit(self, past: Baskets) -> Self:
        """Count, each older basket of a member for less."""
        self.own = past.weighed(self.decay ** past.back.astype(float))
        self.popular = popularity(past)
        self.popular *= 1e-3 / (self.popular.max(initial=0) + 1)
        return self

    def score(self, members: Ints) -> Table:
        """The member's own items, before all others."""
        own = self.own[members]
        if not self.fill:
            return own
        some = own.copy()
        some.data = some.data + self.popular[some.indices].astype(np.float32)
        rest = same_for_all(self.popular, len(members), POPULAR)
        mine = own.copy()
        mine.data[:] = 1
        return (some + (rest - rest.multiply(mine))).tocsr()


class TifuKnn:
    """Hu et al. 2020: the member's decayed frequencies, blended with those of the most similar members."""

    def __init__(self, neighbours: int = 300, own: float = 0.7) -> None:
        self.neighbours, self.own = neighbours, own
        self.name = f"TIFU-kNN k={neighbours} own={own}"

    def fit(self, past: Baskets) -> Self:
        """One vector a member."""
        self.vectors = past.weighed(group_weights(past))
        self.lengths = np.asarray(self.vectors.multiply(self.vectors).sum(axis=1)).ravel()
        self.turned = self.vectors.T.tocsr()
        return self

    def score(self, members: Ints) -> Table:
        """Own and neighbours' share."""
        asked = self.vectors[members]
        far = self.lengths[None, :] - 2 * np.asarray((asked @ self.turned).toarray())
        far[np.arange(len(members)), members] = np.inf
        most = min(self.neighbours, far.shape[1] - 1)
        near = np.argpartition(far, most, axis=1)[:, :most]
        ones = np.full(near.size, 1 / most, np.float32)
        places = np.arange(0, near.size + 1, most)
        mean = sp.csr_matrix((ones, near.ravel(), places), shape=(len(members), len(self.lengths))) @ self.vectors
        return (self.own * asked + (1 - self.own) * mean).tocsr()


def group_weights(past: Baskets, groups: int = 7, within: float = 0.9, between: float = 0.7) -> Floats:
    """TIFU's weight of each basket: the history cut into equal groups, the oldest the shortest, both decayed."""
    each = past.each[past.owner]
    size = -(-each // np.minimum(groups, each))
    count = -(-each // size)
    first = each - size * (count - 1)
    later = past.number - first
    group = np.where(later < 0, 0, 1 + later // size)
    place = np.where(later < 0, past.number, later % size)
    held = np.where(later < 0, first, size)
    weight = within ** (held - 1.0 - place) / held * between ** (count - 1.0 - group) / count
    return np.asarray(weight, float)
