"""What the ranker may know of a visit and of an item that may come next, from sessions closed before it."""

from __future__ import annotations

import numpy as np

from recommend.candidates.visits import (
    LAST,
    STEPS,
    Neighbours,
    PopularViews,
    Rows,
    Scores,
    both,
    covisits,
    steps,
    two_steps,
)
from recommend.histories import Floats, Ints, Singles
from recommend.visits import Visits, newest_first

DEPTH = 40
"""How many candidates each source names."""
NOWHERE = 99


class VisitState:
    """Sources and facts as of one moment: everything in them comes from `past`."""

    def __init__(self, past: Visits) -> None:
        self.index = Neighbours(past)
        ahead, together = steps(past, STEPS), covisits(past, 100)
        self.ahead, self.behind = Rows(ahead), Rows(ahead.T.tocsr())
        self.next, self.previous = Rows(steps(past, 1)), Rows(steps(past, 1).T.tocsr())
        self.recent = Rows(steps(past, 3, life=0.08))
        self.together, self.further = Rows(together), Rows(two_steps(together, 60))
        self.popular = PopularViews(0.02).fit(past)
        self.item = facts(past)
        self.scratch = np.zeros(past.items)
        self.rank = np.full(past.items, NOWHERE)

    def _named(self, seen: Ints) -> list[Scores]:
        items, back = newest_first(seen, LAST)
        last, one = seen[-1:], np.ones(1)
        some, weights = items[:5], 0.6 ** back[:5].astype(float)
        return [
            *both(self.index, seen, 500, 2500),
            self.ahead.mix(last, one),
            self.ahead.mix(some, weights),
            self.behind.mix(last, one),
            self.behind.mix(some, weights),
            self.next.mix(last, one),
            self.previous.mix(last, one),
            self.recent.mix(some[:3], weights[:3]),
            self.together.mix(last, one),
            self.together.mix(items[:8], 0.75 ** back[:8].astype(float)),
            self.further.mix(some[:2], weights[:2]),
        ]

    def candidates(self, seen: Ints) -> tuple[Ints, Singles]:
        """Items and their features for one visit."""
        named = self._named(seen)
        best = []
        for items, scores in named:
            use = np.argpartition(-scores, DEPTH)[:DEPTH] if len(scores) > DEPTH else np.arange(len(scores))
            best.append(items[use[np.argsort(-scores[use], kind="stable")]])
        own, back = newest_first(seen, len(seen))
        item = np.unique(np.concatenate([*best, own]))
        if len(item) < DEPTH // 2:
            item = np.union1d(item, self.popular.best[0][:DEPTH])
        columns: list[Floats | Ints] = []
        for (items, scores), top in zip(named, best, strict=True):
            self.scratch[items] = scores
            score = self.scratch[item]
            self.scratch[items] = 0
            self.rank[top] = np.arange(len(top))
            columns += [score, score / (scores.max(initial=0) + 1e-9), self.rank[item]]
            self.rank[top] = NOWHERE
        columns += self._own(seen, own, back, item)
        facts_of = self.item[item]
        visit = np.tile(_visit(seen, own), (len(item), 1))
        asked = np.tile(self.item[seen[-1]], (len(item), 1))
        return item, np.concatenate([np.stack(columns, 1), facts_of, visit, asked], axis=1).astype(np.float32)

    def _own(self, seen: Ints, own: Ints, back: Ints, item: Ints) -> list[Floats | Ints]:
        """How far back, how often and how early the visit saw the candidate itself."""
        place = np.searchsorted(item, own)
        far = np.full(len(item), NOWHERE)
        far[place] = back
        times = np.zeros(len(item))
        np.add.at(times, np.searchsorted(item, seen), 1)
        first = np.full(len(item), float(NOWHERE))
        first[np.searchsorted(item, seen[::-1])] = np.arange(len(seen))[::-1]
        return [far, times, first, times / len(seen)]


def _visit(seen: Ints, own: Ints) -> Floats:
    """Of the visit alone."""
    before = np.flatnonzero(seen[:-1] == seen[-1])
    gap = len(seen) - 1 - before[-1] if len(before) else NOWHERE
    return np.array([len(seen), len(own), 1 - len(own) / len(seen), gap, (seen[-2:] == seen[-1]).sum()], float)


def facts(past: Visits) -> Floats:
    """Items x features."""
    every, recent, newest = past.popular(), past.popular(0.08), past.popular(0.015)
    visits = np.bincount(np.unique(past.session * past.items + past.item) % past.items, minlength=past.items)
    ends = np.bincount(past.item[past.start[1:] - 1], minlength=past.items)
    begins = np.bincount(past.item[past.start[:-1]], minlength=past.items)
    seen_last = np.full(past.items, -1)
    np.maximum.at(seen_last, past.item, past.session)
    columns = [
        np.log1p(every),
        np.log1p(recent),
        np.log1p(newest),
        recent / (every + 3),
        newest / (recent + 3),
        (every - visits) / (visits + 3),
        ends / (visits + 3),
        begins / (visits + 3),
        np.log1p(past.many - seen_last),
    ]
    return np.stack([np.asarray(column, float) for column in columns], axis=1)
