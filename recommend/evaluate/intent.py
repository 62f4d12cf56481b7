"""What members buy in the days after the cut, from favourites, carts and purchases before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from recommend.candidates.tables import strongest, tie_breakers
from recommend.candidates.wants import Factors, Pending, PendingFirst, PopularWants, WantKnn, WantSource
from recommend.evaluate.basket import found
from recommend.evaluate.metrics import LENGTH, Truth
from recommend.evaluate.readers import Events, Unreadable
from recommend.evaluate.report import OURS, Report
from recommend.histories import Ints
from recommend.train.wants import WantModel
from recommend.wants import BUY, Wants


def baselines() -> list[WantSource]:
    """What our list is set against."""
    return [PopularWants(), PopularWants(2), Pending(), WantKnn(), Factors(), PendingFirst()]


@dataclass(frozen=True)
class Split:
    """What is known, who is asked, and what they bought."""

    past: Wants
    members: Ints
    truth: Truth


def evaluate(events: Events, cut: float | None, end: float | None, out: Path | None, only: str = "") -> Report:
    """Rows for all models; `cut` and `end` in days, by default the last fifth of the time, in whole days."""
    known = split(events, cut, end)
    report = Report("intent", known.truth, known.past.items, out)
    asked = np.arange(len(known.members))
    ties = tie_breakers(known.past.items)
    for source in baselines():
        if only in source.name:

            def lists(some: Ints, source: WantSource = source) -> Ints:
                return strongest(source.score(known.members[some]), LENGTH, ties)

            report.add(source.name, partial(source.fit, known.past), lists, asked, 256)
    if only in OURS:
        ours = WantModel()
        fit = partial(ours.fit, known.past)
        report.add(OURS, fit, lambda some: ours.lists(known.members[some], LENGTH), asked, 128)
    report.compare([source.name for source in baselines()])
    return report


def split(events: Events, cut: float | None, end: float | None) -> Split:
    """Everything before the cut; then all that those with a history bought until the end."""
    first, last = float(events.at.min()), float(events.at.max())
    cut = float(np.round(last - (last - first) / 5)) if cut is None else cut
    if not first < cut <= last:
        raise Unreadable(f"the cut, day {cut:g}, is not within the file's days {first:g} to {last:g}")
    end = last + 1e-6 if end is None else end
    before = events.at < cut
    names, member = np.unique(events.member[before], return_inverse=True)
    catalogue, item = np.unique(events.item[before], return_inverse=True)
    past = Wants(member, item, events.kind[before], events.at[before], len(names), len(catalogue), cut, (end - cut) / 2)
    after = (events.at >= cut) & (events.at < end) & (events.kind == BUY)
    buyer, (bought_names, bought) = (
        found(names, events.member[after]),
        np.unique(events.item[after], return_inverse=True),
    )
    if not (buyer >= 0).any():
        raise Unreadable("nobody with a history before the cut bought anything after it")
    place = found(catalogue, bought_names)
    bought_item = np.where(place < 0, past.items + np.arange(len(place)), place)[bought]
    wide = past.items + len(place)
    pairs = np.unique((buyer * wide + bought_item)[buyer >= 0])
    members, row = np.unique(pairs // wide, return_inverse=True)
    touched = np.isin(pairs, past.member * wide + past.item)
    return Split(past, members, Truth(row, pairs % wide, touched, len(members)))
