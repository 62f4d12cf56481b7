"""Learns what members buy within days, from earlier days whose purchases are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from recommend.candidates.tables import described, strongest, tie_breakers, union
from recommend.candidates.wants import Factors, Pending, PendingFirst, PopularWants, WantKnn, WantSource, WantSteps
from recommend.evaluate.metrics import LENGTH, Truth, by_question
from recommend.features.wants import want_facts
from recommend.histories import Bools, Ints, Singles, Table
from recommend.rank import Ranker, sample
from recommend.train.basket import batches, best_of, marked
from recommend.wants import Wants

DEPTH = 50
NEGATIVES = 40
CUTS = 4
"""Rolling cuts, half of what is asked about apart."""
MOST = 250_000
"""Candidates learned from."""


def sources() -> list[WantSource]:
    """Fresh sources of candidates; they are fitted anew for every cut."""
    return [Pending(), WantKnn(3.0), WantKnn(0.5), WantSteps(), Factors(), PopularWants(1.0), PopularWants()]


class WantState:
    """Sources and facts as of one moment."""

    def __init__(self, past: Wants) -> None:
        self.past = past
        self.sources = [source.fit(past) for source in sources()]
        self.facts = want_facts(past)
        self.touched = past.of(np.ones(len(past.at), bool))

    def candidates(self, members: Ints) -> tuple[Ints, Ints, Singles]:
        """Row, item and features of every candidate, for many members in one pass."""
        tables = [source.score(members) for source in self.sources]
        named = [strongest(table, DEPTH) for table in tables]
        own = self.touched[members].tocoo()
        row, item = union(named, self.past.items)
        key = np.union1d(row * self.past.items + item, own.row.astype(np.int64) * self.past.items + own.col)
        row, item = key // self.past.items, key % self.past.items
        scores = [described(table, best, row, item) for table, best in zip(tables, named, strict=True)]
        return row, item, np.concatenate([*scores, self.facts.of(members[row], item)], axis=1)


@dataclass(frozen=True)
class Question:
    """A moment of the past: what was known, who was asked, and what they bought then (members x items)."""

    past: Wants
    members: Ints
    bought: Table


def question(past: Wants, cut: float, end: float) -> Question:
    """Those who had done something before the cut and bought something after it."""
    known = past.before(cut)
    bought = past.bought(cut, end)
    active = np.bincount(known.member, minlength=past.members) > 0
    members = np.flatnonzero(active & (np.diff(bought.indptr) > 0))
    return Question(known, members, bought[members])


def cuts(past: Wants) -> Iterator[Question]:
    """Earlier moments, newest first, while a third of the time is left before them."""
    first = float(past.at.min(initial=past.now))
    for step in range(1, CUTS + 1):
        cut = past.now - step * past.unit
        if cut < first + (past.now - first) / 3:
            return
        asked = question(past, cut, min(past.now, cut + 2 * past.unit))
        if len(asked.members):
            yield asked


class WantModel:
    """The product's own list of what will be bought; it never serves while the plain rule is better.

    The guard learns without the newest days, and compares both lists with what was bought in them.
    """

    name = "tongdian"

    def __init__(self, *, guarded: bool = True) -> None:
        self.guarded = guarded
        self.rule: PendingFirst | None = None
        self.ranker = Ranker(rounds=160, rate=0.06, bags=2, keep=60)

    def fit(self, past: Wants) -> Self:
        """Learn from `past` alone."""
        if self.guarded and self.loses(past):
            self.rule = PendingFirst().fit(past)
            return self
        chance = np.random.default_rng(1)
        parts = [part for asked in cuts(past) for part in self._learned(asked, chance)]
        if not parts or not any(found.any() for _, found in parts):
            self.rule = PendingFirst().fit(past)
            return self
        features = np.concatenate([one for one, _ in parts])
        found = np.concatenate([one for _, one in parts])
        del parts
        self.ranker.fit(features, found)
        del features, found
        self.state = WantState(past)
        return self

    def loses(self, past: Wants) -> bool:
        """Whether the rule had better lists than the trees in the newest days."""
        cut = past.now - 2 * past.unit
        if cut <= past.at.min(initial=cut):
            return True
        asked = question(past, cut, past.now)
        if not len(asked.members):
            return True
        learned = WantModel(guarded=False).fit(asked.past)
        rule = PendingFirst().fit(asked.past)
        pairs = asked.bought.tocoo()
        truth = Truth(
            pairs.row.astype(np.int64), pairs.col.astype(np.int64), np.zeros(pairs.nnz, bool), len(asked.members)
        )
        figures = []
        for lists in (learned.lists, lambda members, most: ruled(rule, members, most, past.items)):
            some = batches(np.arange(len(asked.members)), past.items)
            answers = np.concatenate([lists(asked.members[one], LENGTH) for one in some])
            figures.append(float(by_question(answers, truth)["ndcg@10"].mean()))
        self.guard = figures
        return figures[0] <= figures[1]

    def _learned(self, asked: Question, chance: np.random.Generator) -> Iterator[tuple[Singles, Bools]]:
        """The candidates of a cut's questions; those of whom nothing bought was named teach nothing."""
        state = WantState(asked.past)
        taken = 0
        order = chance.permutation(len(asked.members))
        for some in batches(order, asked.past.items):
            row, item, features = state.candidates(asked.members[some])
            bought = marked(asked.bought[some], row, item)
            answered = np.bincount(row[bought], minlength=len(some)) > 0
            use = sample(row, bought, NEGATIVES, chance)
            use = use[answered[row[use]]]
            taken += len(use)
            yield features[use], bought[use]
            if taken > MOST:
                return

    def lists(self, members: Ints, most: int) -> Ints:
        """The best items of each member, best first."""
        if self.rule is not None:
            return ruled(self.rule, members, most, self.rule.near.asked.shape[1])
        row, item, features = self.state.candidates(members)
        kept, score = self.ranker.best(row, features)
        return best_of(row[kept], item[kept], score, len(members), most)


def ruled(rule: PendingFirst, members: Ints, most: int, items: int) -> Ints:
    """The list of the plain rule."""
    return strongest(rule.score(members), most, tie_breakers(items))
