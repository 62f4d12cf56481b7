"""What comes next in a visit: what similar visits held, and what followed the items seen."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import scipy.sparse as sp

from recommend.candidates.tables import capped, similar, unit_columns
from recommend.histories import Bools, Floats, Ints, Table
from recommend.visits import Visits, newest_first

LAST = 20
"""How many different items of a visit are looked at."""
FAR = 1_000_000
STEPS = 10
Scores = tuple[Ints, Floats]
"""Items, each once, and the score of each."""


class Follower(Protocol):
    """Names what may come next."""

    name: str

    def fit(self, past: Visits) -> Self:
        """Learn from sessions that were closed before the question."""

    def after(self, seen: Ints) -> Scores:
        """The items that may follow what was seen, the oldest look first."""


def summed(items: Ints, scores: Floats) -> Scores:
    """Each item once, with the sum of its scores."""
    known, place = np.unique(items, return_inverse=True)
    return known, weighed(place, scores, len(known))


def weighed(place: Ints, weights: Floats, many: int) -> Floats:
    """The sum of the weights at each place."""
    return np.bincount(place, weights=weights, minlength=many).astype(float)


class PopularViews:
    """The same for everyone."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share
        self.name = "popularity" if share == 1 else f"popularity, last {share:.0%} of sessions"

    def fit(self, past: Visits) -> Self:
        """Count."""
        popular = past.popular(self.share)
        best = np.argsort(-popular, kind="stable")[:100]
        self.best = best, popular[best]
        return self

    def after(self, seen: Ints) -> Scores:
        """The most viewed items."""
        del seen
        return self.best


class Rows:
    """A table items x items, asked by its rows; without SciPy's checks, which cost more than the sums."""

    def __init__(self, table: Table) -> None:
        self.start, self.item, self.score = table.indptr, table.indices.astype(np.int64), table.data.astype(np.float32)

    def mix(self, items: Ints, weights: Floats) -> Scores:
        """The weighed sum of some rows."""
        spans = [slice(self.start[item], self.start[item + 1]) for item in items]
        if len(spans) == 1:
            return self.item[spans[0]], self.score[spans[0]] * weights[0]
        sizes = [span.stop - span.start for span in spans]
        scores = np.concatenate([self.score[span] for span in spans]) * np.repeat(weights, sizes)
        return summed(np.concatenate([self.item[span] for span in spans]), scores)


def steps(past: Visits, most: int, life: float | None = None) -> Table:
    """Items x items: how often the second came at most so many steps after the first, each for one over its steps.

    :param life: sessions older by this share of all count for 1/e.
    """
    shape = (past.items, past.items)
    age = np.ones(past.many) if life is None else np.exp((np.arange(past.many) - past.many) / (life * past.many))
    total = sp.csr_matrix(shape, dtype=np.float32)
    for far in range(1, most + 1):
        same = past.session[:-far] == past.session[far:]
        weight = (age[past.session[:-far][same]] / far).astype(np.float32)
        total = total + sp.csr_matrix((weight, (past.item[:-far][same], past.item[far:][same])), shape=shape)
    return total


def covisits(past: Visits, most: int) -> Table:
    """Items x items: the cosine of the sessions that held them; sessions of more than 60 looks are machines."""
    size = np.diff(past.start)
    use = size[past.session] <= 60
    ones = np.ones(int(use.sum()), np.float32)
    table = sp.csr_matrix((ones, (past.session[use], past.item[use])), shape=(past.many, past.items))
    table.sum_duplicates()
    table.data[:] = 1
    unit = unit_columns(table)
    return similar(unit, unit, most)


class CoVisit:
    """Items that were seen in the same visits as the last one, by cosine."""

    name = "ItemKNN cosine (last item)"

    def fit(self, past: Visits) -> Self:
        """Count pairs."""
        self.rows = Rows(covisits(past, 100))
        return self

    def after(self, seen: Ints) -> Scores:
        """Of the last item alone."""
        return self.rows.mix(seen[-1:], np.ones(1))


class Rules:
    """Sequential rules over the last three items, both directions."""

    name = "sequential rules, last 3 items"

    def fit(self, past: Visits) -> Self:
        """Count steps."""
        ahead = steps(past, STEPS)
        self.rows = Rows((ahead + 0.5 * ahead.T).tocsr())
        return self

    def after(self, seen: Ints) -> Scores:
        """Each older item for half."""
        items, back = newest_first(seen, 3)
        return self.rows.mix(items, 0.5 ** back.astype(float))


class Neighbours:
    """An index of sessions by item: finds those that share items with a visit."""

    def __init__(self, past: Visits) -> None:
        key = past.session * past.items + past.item
        order = np.argsort(key, kind="stable")
        last = order[np.append(np.diff(key[order]) != 0, True)] if len(key) else order
        self.item, session = past.item[last], past.session[last]
        self.place = past.place[last].astype(np.float64)
        self.size = np.bincount(session, minlength=past.many)
        self.start = np.cumsum(self.size) - self.size
        by_item = np.argsort(self.item, kind="stable")
        self.holding = session[by_item]
        holders = np.bincount(self.item, minlength=past.items)
        self.first = np.concatenate([[0], np.cumsum(holders)])
        self.looks = np.diff(past.start).astype(float)
        self.rare = np.log((past.many + 1) / (holders + 1.0))
        self.many = past.many
        self.back = np.full(past.items, FAR)

    def sharing(self, items: Ints, weights: list[Floats], most: int) -> tuple[Ints, list[Floats]]:
        """The newest sessions that hold any of the items, and the sums of each one's shared weights."""
        spans = [self.holding[max(self.first[i], self.first[i + 1] - most) : self.first[i + 1]] for i in items]
        sizes = [len(span) for span in spans]
        found, place = np.unique(np.concatenate(spans), return_inverse=True)
        sums = [weighed(place, np.repeat(one, sizes), len(found)) for one in weights]
        return found[-most:], [one[-most:] for one in sums]

    def held(self, sessions: Ints, items: Ints, back: Ints) -> Held:
        """What the sessions hold, and where the newest item stands that each shares with the visit."""
        size = self.size[sessions]
        begin = np.cumsum(size) - size
        row = np.repeat(np.arange(len(sessions)), size)
        place = np.arange(len(row)) + np.repeat(self.start[sessions] - begin, size)
        item, at = self.item[place], self.place[place]
        self.back[items] = back
        steps_back = self.back[item]
        self.back[items] = FAR
        best = np.minimum.reduceat(steps_back, begin)
        shared = at[steps_back == best[row]]
        return Held(row, item, at - shared[row], best)


class Held:
    """Looks of neighbouring sessions: session, item, steps after the shared item, how far back the shared one is."""

    def __init__(self, row: Ints, item: Ints, ahead: Floats, best: Ints) -> None:
        self.row, self.item, self.ahead, self.best = row, item, ahead, best


def highest(scores: Floats, most: int) -> Ints:
    """The places of the highest scores."""
    return np.argpartition(-scores, most)[:most] if len(scores) > most else np.arange(len(scores))


class SessionKnn:
    """V-SKNN (Ludewig and Jannach 2018) and STAN (Garg et al. 2019) over the newest sessions that share an item.

    In STAN the order of sessions stands for time: one older by a quarter of all counts for 1/e.
    """

    def __init__(self, *, stan: bool, most: int = 500, newest: int = 2500) -> None:
        self.stan, self.most, self.newest = stan, most, newest
        self.name = f"{'STAN' if stan else 'V-SKNN'} k={most} sample={newest}"

    def fit(self, past: Visits) -> Self:
        """Index the sessions."""
        self.index = Neighbours(past)
        return self

    def after(self, seen: Ints) -> Scores:
        """The weighed items of the nearest sessions."""
        return both(self.index, seen, self.most, self.newest)[0 if self.stan else 1]


def both(index: Neighbours, seen: Ints, most: int, newest: int) -> list[Scores]:
    """STAN, V-SKNN, and of STAN's sessions: what came at once, what came later, and how many hold the item."""
    items, back = newest_first(seen, LAST)
    weights = [np.exp(-back / 3.0), ((len(seen) - back) / len(seen)) ** 2]
    near, (recent, early) = index.sharing(items, weights, newest)
    if not len(near):
        nothing = np.zeros(0, np.int64), np.zeros(0)
        return [nothing] * 5
    alike = recent / np.sqrt(index.looks[near] * len(seen)) * np.exp((near - index.many) / (0.25 * index.many))
    use = highest(alike, most)
    held, alike = index.held(near[use], items, back), alike[use]
    known, place = np.unique(held.item, return_inverse=True)
    own = alike[held.row]

    def total(values: Floats) -> Scores:
        return known, weighed(place, values, len(known))

    ahead: Bools = held.ahead > 0
    found = [
        total(own * np.exp(-np.abs(held.ahead) / 3)),
        total(own * (held.ahead == 1)),
        total(np.where(ahead, own / np.maximum(held.ahead, 1), 0)),
        total(np.ones(len(own))),
    ]
    use = highest(early, most)
    held, early = index.held(near[use], items, back), early[use]
    value = early[held.row] / (1.0 + held.best[held.row]) * (1 + 0.5 * index.rare[held.item])
    return [found[0], summed(held.item, value), *found[1:]]


def two_steps(table: Table, most: int) -> Table:
    """Neighbours of neighbours: for items that few have seen together with anything."""
    near = capped(table, 25)
    return capped((near @ near).tocsr(), most)
