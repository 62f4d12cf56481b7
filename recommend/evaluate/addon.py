"""The rest of a basket from up to five of its items: by global time; without dates, of members unseen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from recommend.candidates.carts import CartEase, CartNear, CartPopularity, CartSource
from recommend.candidates.tables import strongest, tie_breakers
from recommend.evaluate.metrics import LENGTH, Truth
from recommend.evaluate.readers import Unreadable
from recommend.evaluate.report import OURS, Report
from recommend.histories import Baskets, Ints, Lines, Table, baskets_of
from recommend.train.addon import FOLDS, CartModel, halved, questions, without

MOST = 4000
"""How many baskets are asked about."""


def baselines() -> list[CartSource]:
    """What our list is set against."""
    near = [CartNear("cosine"), CartNear("bm25"), CartNear("rule", 300)]
    return [CartPopularity(), *near, CartEase(), CartEase(500)]


@dataclass(frozen=True)
class Split:
    """What is known, the baskets as far as they are given, and their rest."""

    past: Baskets
    carts: Table
    truth: Truth


def evaluate(lines: Lines, cut: float | None, end: float | None, out: Path | None, only: str = "") -> Report:
    """Rows for all models; `cut` and `end` in days, by default the last fifth of the time."""
    known = split(lines, cut, end)
    report = Report("addon", known.truth, known.past.items, out)
    asked = np.arange(known.carts.shape[0])
    ties = tie_breakers(known.past.items)
    in_time = known.past.lines[np.argsort(known.past.at, kind="stable")]
    for source in baselines():
        if only in source.name:

            def lists(some: Ints, source: CartSource = source) -> Ints:
                carts = known.carts[some]
                return strongest(without(source.score(carts), carts.tocoo()), LENGTH, ties)

            report.add(source.name, partial(source.fit, in_time), lists, asked, 256)
    if only in OURS:
        ours = CartModel()
        report.add(OURS, partial(ours.fit, known.past), lambda some: ours.lists(known.carts[some], LENGTH), asked, 256)
    report.compare([source.name for source in baselines()])
    return report


def split(lines: Lines, cut: float | None, end: float | None) -> Split:
    """Baskets before the cut, and of those after it the ones of four known items and more."""
    every, members, names = baskets_of(lines)
    if lines.dated:
        first, last = float(lines.at.min()), float(lines.at.max())
        cut = last - (last - first) / 5 if cut is None else cut
        if not first < cut <= last:
            raise Unreadable(f"the cut, day {cut:g}, is not within the file's days {first:g} to {last:g}")
        before = every.at < cut
        after = ~before & (every.at < (last + 1e-6 if end is None else end))
        past, _, catalogue = baskets_of(lines.where(lines.at < cut))
    else:
        # A fifth of the members, in the order of their names, whose baskets nobody has seen.
        after = every.owner % FOLDS == 0
        before = ~after
        past, _, catalogue = baskets_of(lines.where(np.isin(lines.owner, members[np.unique(every.owner[before])])))
    later = every.lines[np.flatnonzero(after)][:, np.searchsorted(names, catalogue)]
    later = questions(later, np.ones(past.items))
    if not later.shape[0]:
        raise Unreadable("no basket after the cut holds four items that were bought before it")
    chance = np.random.default_rng(7)
    if later.shape[0] > MOST:
        later = later[np.sort(chance.choice(later.shape[0], MOST, replace=False))]
    carts, rest = halved(later, chance)
    pairs = rest.tocoo()
    order = np.lexsort((pairs.col, pairs.row))
    item = pairs.col[order].astype(np.int64)
    truth = Truth(pairs.row[order].astype(np.int64), item, np.zeros(len(item), bool), carts.shape[0])
    return Split(past, carts, truth)
