"""Learns what comes next in a visit, from visits that were closed by then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np

from recommend.features.visits import VisitState
from recommend.histories import Bools, Ints, Singles
from recommend.rank import Ranker, sample
from recommend.train.basket import best_of
from recommend.visits import Visits

QUESTIONS = 24_000
NEGATIVES = 30
CUTS = 3
WINDOW = 0.025
"""The share of the sessions that lies between two cuts."""


class VisitModel:
    """The product's own list within a visit: neighbours and rules name candidates, trees order them."""

    name = "tongdian"

    def __init__(self, questions: int = QUESTIONS) -> None:
        self.questions = questions
        self.ranker = Ranker(rounds=220, rate=0.06, bags=2, keep=50)

    def fit(self, past: Visits) -> Self:
        """Learn from closed sessions alone."""
        chance = np.random.default_rng(1)
        parts = [part for known, asked in cuts(past) for part in self._learned(VisitState(known), asked, chance, past)]
        self.state = VisitState(past)
        self.learned = any(not right.all() for _, right in parts)
        if self.learned:
            self.ranker.fit(np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts]))
        return self

    def _learned(
        self, state: VisitState, asked: Ints, chance: np.random.Generator, past: Visits
    ) -> Iterator[tuple[Singles, Bools]]:
        """The candidates of a cut's questions; those whose answer nobody named teach nothing."""
        most = self.questions // CUTS
        if len(asked) > most:
            asked = np.sort(chance.choice(asked, most, replace=False))
        for look in asked:
            seen = past.item[past.start[past.session[look]] : look]
            item, features = state.candidates(seen)
            right = item == past.item[look]
            if right.any():
                use = sample(np.zeros(len(item), np.int64), right, NEGATIVES, chance)
                yield features[use], right[use]

    def lists(self, visits: list[Ints], most: int) -> Ints:
        """The best items of each visit, best first."""
        named = [self.state.candidates(seen) for seen in visits]
        row = np.repeat(np.arange(len(named)), [len(item) for item, _ in named])
        item = np.concatenate([item for item, _ in named])
        features = np.concatenate([features for _, features in named])
        if not self.learned:
            # Too little to learn from: STAN's score, the first feature.
            return best_of(row, item, features[:, 0].astype(float), len(visits), most)
        kept, score = self.ranker.best(row, features)
        return best_of(row[kept], item[kept], score, len(visits), most)


def cuts(past: Visits) -> Iterator[tuple[Visits, Ints]]:
    """Rolling cuts of all sessions, newest first: the sessions closed by then, and the looks soon after to be guessed.

    The first look of a visit is no question.
    """
    window = max(1, int(past.many * WINDOW))
    for step in range(1, CUTS + 1):
        cut = past.many - step * window
        if cut < past.many / 3:
            return
        after = np.arange(past.start[cut], past.start[cut + window])
        yield past.first(cut), after[past.place[after] > 0]
