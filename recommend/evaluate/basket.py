"""The next basket of a known member, by global time; without dates each member's last basket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from recommend.candidates.frequency import Frequency, Popularity, Source, TifuKnn
from recommend.candidates.neighbours import Ease, ItemKnn
from recommend.candidates.tables import strongest, tie_breakers
from recommend.evaluate.metrics import LENGTH, Truth
from recommend.evaluate.readers import Unreadable
from recommend.evaluate.report import OURS, Report
from recommend.histories import Baskets, Ints, Lines, Table, Texts, baskets_of
from recommend.train.basket import BasketModel

COUNTING = ["GP-TopFreq", "P-TopFreq", "GP-TopFreq decayed 0.85", "popularity", "TIFU-kNN k=300 own=0.7"]


def baselines() -> list[Source]:
    """What our list is set against."""
    return [
        Popularity(),
        Popularity(0.15),
        Frequency(fill=False),
        Frequency(fill=True),
        Frequency(fill=True, decay=0.85),
        ItemKnn(),
        ItemKnn("bm25"),
        TifuKnn(),
        TifuKnn(own=0.5),
        Ease(),
    ]


@dataclass(frozen=True)
class Split:
    """What is known, who is asked, what they bought then, the moment of the question and how far it looks."""

    past: Baskets
    members: Ints
    truth: Truth
    at: float
    horizon: float


def evaluate(lines: Lines, cut: float | None, end: float | None, out: Path | None, only: str = "") -> Report:
    """Rows for all models; `cut` and `end` in days, by default the last fifth of the time."""
    known = split(lines, cut, end) if lines.dated else split_last(lines)
    report = Report("basket", known.truth, known.past.items, out)
    asked = np.arange(len(known.members))
    ties = tie_breakers(known.past.items)
    for source in baselines():
        if only in source.name:

            def fit(source: Source = source) -> Source:
                return source.fit(known.past)

            def lists(some: Ints, source: Source = source) -> Ints:
                return strongest(source.score(known.members[some]), LENGTH, ties)

            report.add(source.name, fit, lists, asked, 256)
    if only in OURS:
        ours = BasketModel(known.horizon)
        fit_ours = partial(ours.fit, known.past, known.at)
        report.add(OURS, fit_ours, lambda some: ours.lists(known.members[some], LENGTH), asked, 256)
    report.compare(COUNTING)
    return report


def split(lines: Lines, cut: float | None, end: float | None) -> Split:
    """By global time: everything before the cut, then the first basket after it of each member with a history."""
    first, last = float(lines.at.min()), float(lines.at.max())
    cut = last - (last - first) / 5 if cut is None else cut
    if not first < cut <= last:
        raise Unreadable(f"the cut, day {cut:g}, is not within the file's days {first:g} to {last:g}")
    end = last + 1e-6 if end is None else end
    past, names, catalogue = baskets_of(lines.where(lines.at < cut))
    after = lines.where((lines.at >= cut) & (lines.at < end))
    if not len(after.at):
        raise Unreadable("nothing was bought between the cut and the end")
    later, buyers, bought = baskets_of(after)
    place = found(names, buyers)
    use = np.flatnonzero((later.number == 0) & (place[later.owner] >= 0))
    if not len(use):
        raise Unreadable("nobody with a history before the cut bought anything after it")
    members = place[later.owner[use]]
    truth = truth_of(past, members, later.lines[use], found(catalogue, bought))
    return Split(past, members, truth, cut, min(end - cut, (cut - first) / 3))


def split_last(lines: Lines) -> Split:
    """Without dates: everything but the last basket of each member, then that basket."""
    every, _, _ = baskets_of(lines)
    past = every.where(every.back > 0)
    use = np.flatnonzero((every.back == 0) & (every.number > 0))
    if not len(use):
        raise Unreadable("no member has two baskets")
    members = every.owner[use]
    truth = truth_of(past, members, every.lines[use], np.arange(every.items))
    return Split(past, members, truth, float(past.at.max()) + 1, 1.0)


def found(names: Texts, asked: Texts) -> Ints:
    """The place of each name among the sorted `names`, -1 where there is none."""
    place = np.minimum(np.searchsorted(names, asked), len(names) - 1)
    return np.where(names[place] == asked, place, -1)


def truth_of(past: Baskets, members: Ints, bought: Table, numbers: Ints) -> Truth:
    """What each question's basket held; items unknown before the cut get numbers beyond the catalogue: misses."""
    table = bought.tocoo()
    row = table.row.astype(np.int64)
    item = numbers[table.col]
    item = np.where(item < 0, past.items + table.col, item)
    had = past.known[members].tocoo()
    wide = past.items + len(numbers)
    repeat = np.isin(row * wide + item, had.row.astype(np.int64) * wide + had.col)
    order = np.lexsort((item, row))
    return Truth(row[order], item[order], repeat[order], len(members))
