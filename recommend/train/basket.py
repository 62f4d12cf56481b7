"""Learns to rank what a member buys next, from questions that history has already answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from recommend.candidates.frequency import Frequency, Popularity, Source, TifuKnn
from recommend.candidates.neighbours import BasketRule, Ease, ItemKnn, NextBasket
from recommend.candidates.tables import described, strongest, union
from recommend.features.basket import Facts, facts
from recommend.histories import Baskets, Bools, Floats, Ints, Singles, Table
from recommend.rank import Ranker, sample

DEPTH = 50
"""How many candidates each source names."""
QUESTIONS = 6000
NEGATIVES = 40
CUTS = 8


def sources() -> list[Source]:
    """Fresh sources of candidates; they are fitted anew for every cut."""
    return [
        TifuKnn(),
        Frequency(fill=True, decay=0.85),
        ItemKnn(decay=0.9),
        Popularity(0.15),
        NextBasket(),
        BasketRule(),
        Ease(decay=0.9),
    ]


class NothingToLearn(ValueError):
    """History has no answered question yet: a counting rule has to serve."""


@dataclass(frozen=True)
class Question:
    """A moment of the past: what was known, who was asked, and the basket that came."""

    past: Baskets
    at: float
    members: Ints
    bought: Table


class State:
    """Sources and facts as of one moment."""

    def __init__(self, past: Baskets, at: float, fresh: Callable[[], list[Source]]) -> None:
        self.past = past
        self.sources = [source.fit(past) for source in fresh()]
        self.facts: Facts = facts(past, at)

    def candidates(self, members: Ints) -> tuple[Ints, Ints, Singles]:
        """Row, item and features of every candidate, for many members in one pass."""
        tables = [source.score(members) for source in self.sources]
        named = [strongest(table, DEPTH) for table in tables]
        own = self.past.known[members].tocoo()
        row, item = union(named, self.past.items)
        key = np.union1d(row * self.past.items + item, own.row.astype(np.int64) * self.past.items + own.col)
        row, item = key // self.past.items, key % self.past.items
        scores = [described(table, best, row, item) for table, best in zip(tables, named, strict=True)]
        return row, item, np.concatenate([*scores, self.facts.of(members[row], item)], axis=1)


class BasketModel:
    """The product's own list: candidates from plain tables, ordered by trees that learned from rolling cuts."""

    name = "tongdian"

    def __init__(self, horizon: float, fresh: Callable[[], list[Source]] = sources) -> None:
        self.horizon, self.fresh = horizon, fresh
        self.ranker = Ranker()

    def fit(self, past: Baskets, at: float) -> Self:
        """Learn from `past` alone; `at` is the moment of the questions to come.

        :raises NothingToLearn: nobody with a history bought a candidate before that moment.
        """
        chance = np.random.default_rng(1)
        asked = (question for question in cuts(past, at, self.horizon) if len(question.members))
        learned = [self._learned(question, chance) for question in asked]
        if not any(bought.any() for _, bought in learned):
            raise NothingToLearn
        features = np.concatenate([one for one, _ in learned])
        self.ranker.fit(features, np.concatenate([one for _, one in learned]))
        del features, learned
        self.state = State(past, at, self.fresh)
        return self

    def _learned(self, question: Question, chance: np.random.Generator) -> tuple[Singles, Bools]:
        state = State(question.past, question.at, self.fresh)
        asked = np.arange(len(question.members))
        if len(asked) > QUESTIONS:
            asked = np.sort(chance.choice(len(asked), QUESTIONS, replace=False))
        parts = []
        for some in batches(asked, question.past.items):
            row, item, features = state.candidates(question.members[some])
            bought = marked(question.bought[some], row, item)
            use = sample(row, bought, NEGATIVES, chance)
            parts.append((features[use], bought[use]))
        return np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts])

    def lists(self, members: Ints, most: int) -> Ints:
        """The best items of each member, best first."""
        row, item, features = self.state.candidates(members)
        kept, score = self.ranker.best(row, features)
        return best_of(row[kept], item[kept], score, len(members), most)


def batches(asked: Ints, items: int) -> Iterator[Ints]:
    """Questions in portions whose dense scratch table stays near 16 MB."""
    size = int(np.clip(4_000_000 // items, 16, 512))
    for start in range(0, len(asked), size):
        yield asked[start : start + size]


def marked(bought: Table, row: Ints, item: Ints) -> Bools:
    """Which pairs were bought."""
    truth = bought.tocoo()
    wide = bought.shape[1]
    return np.isin(row * wide + item, truth.row.astype(np.int64) * wide + truth.col)


def best_of(row: Ints, item: Ints, score: Floats, rows: int, most: int) -> Ints:
    """The items with the highest scores of each row, filled up with -1."""
    order = np.lexsort((-score, row))
    start = np.searchsorted(row, np.arange(rows))
    place = np.arange(len(row)) - start[row]
    found = np.full((rows, most), -1, np.int64)
    use = place < most
    found[row[use], place[use]] = item[order][use]
    return found


def cuts(past: Baskets, at: float, horizon: float) -> Iterator[Question]:
    """Earlier moments of the same shape as the question, newest first.

    With dates: rolling cuts of all members at once, a quarter of the horizon apart, while a third of the time is
    left before them; a member's answer is the first basket after the cut.  Without: histories less their last baskets.
    """
    first = float(past.at.min(initial=at))
    for step in range(1, CUTS + 1):
        if past.dated:
            cut = at - step * horizon / 4
            if cut < first + (at - first) / 3:
                return
            known = past.at < cut
            after = (past.at >= cut) & (past.at < cut + horizon)
        elif step > 3:
            return
        else:
            cut = at
            known = past.back >= step
            after = past.back == step - 1
        yield question(past, known, after, cut)


def question(past: Baskets, known: Bools, after: Bools, at: float) -> Question:
    """What members with a history bought in the first of their baskets `after`."""
    before = past.where(known)
    later = np.flatnonzero(after)
    owner, first = np.unique(past.owner[later], return_index=True)
    asked = before.each[owner] > 0
    return Question(before, at, owner[asked], past.lines[later[first[asked]]])
