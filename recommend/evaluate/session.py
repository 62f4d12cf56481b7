"""The next item of a visit; neighbours come only from sessions closed before all questions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from recommend.candidates.tables import tie_breakers
from recommend.candidates.visits import CoVisit, Follower, PopularViews, Rules, SessionKnn
from recommend.evaluate.basket import found
from recommend.evaluate.metrics import LENGTH, Truth
from recommend.evaluate.readers import Sessions, Unreadable
from recommend.evaluate.report import OURS, Report
from recommend.histories import Floats, Ints
from recommend.train.visits import VisitModel
from recommend.visits import Visits


def baselines() -> list[Follower]:
    """What our list is set against."""
    return [
        PopularViews(),
        PopularViews(0.15),
        CoVisit(),
        Rules(),
        SessionKnn(stan=False, most=100, newest=1000),
        SessionKnn(stan=False),
        SessionKnn(stan=True),
    ]


def evaluate(known: Sessions, out: Path | None, only: str = "") -> Report:
    """Rows for all models.  A question whose items are all unknown is asked, and missed."""
    past, seen, truth = split(known)
    report = Report("session", truth, past.items, out)
    ties = tie_breakers(past.items)
    asked = np.arange(len(seen))
    for source in baselines():
        if only in source.name:

            def lists(some: Ints, source: Follower = source) -> Ints:
                return np.stack([strongest_after(source, seen[one], ties) for one in some])

            report.add(source.name, partial(source.fit, past), lists, asked, 256)
    if only in OURS:
        ours = VisitModel()

        def ours_of(some: Ints) -> Ints:
            answers = np.full((len(some), LENGTH), -1, np.int64)
            usable = np.flatnonzero([len(seen[one]) > 0 for one in some])
            if len(usable):
                answers[usable] = ours.lists([seen[one] for one in some[usable]], LENGTH)
            return answers

        report.add(OURS, partial(ours.fit, past), ours_of, asked, 256)
    report.compare([source.name for source in baselines()])
    return report


def split(known: Sessions) -> tuple[Visits, list[Ints], Truth]:
    """Closed sessions, what each question has seen of the items known by then, and what came."""
    names = np.unique(np.array([item for session in known.closed for item in session]))
    if not len(names):
        raise Unreadable("the sessions of the split train hold no item")
    number = {name: place for place, name in enumerate(names.tolist())}
    past = Visits.of([np.array([number[item] for item in one], np.int64) for one in known.closed], len(names))
    if past.many < 20:
        raise Unreadable(f"{past.many} closed sessions are too few to learn from; give at least 20")
    seen = [np.array([number[item] for item in one if item in number], np.int64) for one in known.asked]
    answers = found(names, np.array(known.answers))
    repeat = [answer in one for answer, one in zip(known.answers, known.asked, strict=True)]
    item = np.where(answers < 0, len(names), answers)
    return past, seen, Truth(np.arange(len(seen)), item, np.array(repeat), len(seen))


def strongest_after(source: Follower, seen: Ints, ties: Floats) -> Ints:
    """The 20 items with the highest scores, filled up with -1."""
    answer = np.full(LENGTH, -1, np.int64)
    if len(seen):
        items, scores = source.after(seen)
        scores = scores * (1 + ties[items])
        best = np.argsort(-scores, kind="stable")[:LENGTH]
        best = best[scores[best] > 0]
        answer[: len(best)] = items[best]
    return answer
