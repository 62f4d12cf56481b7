"""How good lists are: one figure a question, so that two models can be compared question by question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommend.candidates.tables import SEED
from recommend.histories import Bools, Floats, Ints

LENGTH = 20
"""How many items of a list are looked at."""


@dataclass(frozen=True)
class Truth:
    """What was really bought: pairs of a question and an item.

    :param row: the question of each pair, ascending; each question has at least one.
    :param item: an item of the catalogue, or a number beyond it for one never seen: always a miss, always counted.
    :param repeat: whether the one asked had it before.
    """

    row: Ints
    item: Ints
    repeat: Bools
    questions: int

    def hits(self, lists: Ints) -> Bools:
        """Questions x 20: whether the item at that place was bought; -1 is no item."""
        width = int(max(self.item.max(initial=0), lists.max(initial=0))) + 1
        known = np.sort(self.row * width + self.item)
        asked = np.arange(len(lists))[:, None] * width + lists
        place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        return np.asarray((known[place] == asked) & (lists >= 0), bool)


def by_question(lists: Ints, truth: Truth) -> dict[str, Floats]:
    """Each figure for each question, NaN where it has no meaning (no repeated item was bought, say)."""
    lists = lists[:, :LENGTH]
    hits = truth.hits(lists)
    wanted = np.bincount(truth.row, minlength=truth.questions)
    discount = 1 / np.log2(np.arange(2, LENGTH + 2))
    ideal = np.cumsum(discount)[np.minimum(wanted, 10) - 1]
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    return {
        "ndcg@10": (hits[:, :10] @ discount[:10]) / ideal,
        "recall@10": hits[:, :10].sum(axis=1) / wanted,
        "recall@20": hits.sum(axis=1) / wanted,
        "mrr@20": 1 / first,
        "repeat_recall@20": _recall_of(lists, truth, truth.repeat),
        "explore_recall@20": _recall_of(lists, truth, ~truth.repeat),
    }


def _recall_of(lists: Ints, truth: Truth, which: Bools) -> Floats:
    wanted = np.bincount(truth.row[which], minlength=truth.questions)
    if not which.any():
        return np.full(truth.questions, np.nan)
    some = Truth(truth.row[which], truth.item[which], truth.repeat[which], truth.questions)
    return np.where(wanted > 0, some.hits(lists).sum(axis=1) / np.maximum(wanted, 1), np.nan)


def summary(lists: Ints, truth: Truth, items: int) -> dict[str, float | None]:
    """The mean of each figure over the questions for which it has a meaning, and the share of items ever shown."""
    found: dict[str, float | None] = {}
    for name, each in by_question(lists, truth).items():
        real = each[~np.isnan(each)]
        found[name] = round(float(real.mean()), 5) if len(real) else None
    shown = lists[:, :LENGTH]
    found["coverage@20"] = round(len(np.unique(shown[shown >= 0])) / items, 5)
    return found


def interval(better: Floats, worse: Floats, rounds: int = 2000) -> tuple[float, float, float]:
    """The mean difference of two models over the same questions, and its 95% interval by a paired bootstrap."""
    each = better - worse
    chance = np.random.default_rng(SEED)
    means = [each[chance.integers(0, len(each), len(each))].mean() for _ in range(rounds)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(each.mean()), float(low), float(high)
