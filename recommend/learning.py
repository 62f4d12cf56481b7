"""The night's run: what is bought is learned, and the lists of members, products and stores are made.

Only members who agreed to it, and baskets of nobody known, are learned from (recommend.md 5.7).  The trees serve only
while they beat the counting rule on the last full week, by a paired interval; else the counting rule does (section 0).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from sqlalchemy.orm import Session
from threadpoolctl import threadpool_limits

from config.clock import business_day
from member import consent
from recommend import lists
from recommend.candidates.frequency import Frequency
from recommend.candidates.neighbours import basket_rule
from recommend.candidates.tables import strongest, tie_breakers
from recommend.definitions import PURPOSE
from recommend.evaluate.basket import split
from recommend.evaluate.metrics import LENGTH, by_question, interval
from recommend.histories import Baskets, Ints, Lines, Table, baskets_of
from recommend.lists import Named
from recommend.rank import FEW
from recommend.train.basket import BasketModel, NothingToLearn, batches
from trade.orders import facts

HISTORY = timedelta(days=365)
ACTIVE_DAYS = 90.0
POPULAR_DAYS = 28.0
WEEK_DAYS = 7.0
LONG = 60
BESIDE = 40
TOGETHER = 3
PAIRS = 20_000
_NOBODY = "0"
"""Owner of the baskets of nobody known; no member has this number."""


_JUDGED = ("ndcg", "counting", "low")


Told: TypeAlias = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """The guard's figures of the last full week, as a share; None where too few bought to tell."""

    questions: int
    ndcg: float | None = None
    counting: float | None = None
    low: float | None = None

    @property
    def learned_wins(self) -> bool:
        """Whether the trees beat counting for sure."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True, slots=True)
class Run:
    """What a run made."""

    version: str
    lines: int
    members: int
    products: int
    stores: int
    judged: Judged
    shown: int
    """How many different products are in the first twenty of any member's list."""

    def as_row(self) -> dict[str, Any]:
        """Its figures, NDCG in parts per million."""
        of = self.judged
        ppm = {name: None if (part := getattr(of, name)) is None else round(part * 1e6) for name in _JUDGED}
        counted = {name: getattr(self, name) for name in ("version", "lines", "members", "products", "stores", "shown")}
        return counted | ppm | {"asked": of.questions}


def run(session: Session, *, now: datetime, told: Told = lambda _what, _n: None) -> Run:
    """Learn from the last year and put new lists live; `told` hears of its progress."""
    rows = facts.bought(session, now - HISTORY, now)
    agreed = consent.agreed(session, PURPOSE)
    rows = [row for row in rows if row.member_id is None or row.member_id in agreed]
    told("lines", len(rows))
    with threadpool_limits(limits=1):
        return learn(rows, now=now, told=told)


def learn(rows: Sequence[Any], *, now: datetime, told: Told = lambda _what, _n: None) -> Run:
    """The same from lines as `trade.orders.facts.bought` has them, all of which may be learned from."""
    if not rows:
        return Run("", 0, 0, 0, 0, Judged(0), 0)
    lines = _lines(rows, now)
    every, owners, catalogue = baskets_of(lines)
    products = [int(one) for one in catalogue]
    known = np.flatnonzero(owners != _NOBODY)
    judged = judge(lines)
    told("judged", judged.questions)
    rule = _often(basket_rule(every.lines, BESIDE), every.lines)
    version = f"{'trees' if judged.learned_wins else 'counting'}-{now:%Y%m%d%H%M}"
    active = known[_last(every)[known] >= -ACTIVE_DAYS]
    made = _of_members(every, active, rule, learned=judged.learned_wins)
    lists.put(version, "m", {int(owners[m]): _numbered(named, products) for m, named in made.items()})
    told("members", len(made))
    beside = {products[i]: _numbered(named, products) for i, named in _beside(rule).items()}
    lists.put(version, "p", beside)
    shops = _popular(rows, now)
    lists.put(version, "s", shops)
    lists.go_live(version)
    shown = len({one.product_id for named in made.values() for one in named[:LENGTH]})
    return Run(version, len(rows), len(made), len(beside), len(shops), judged, shown)


def _often(rule: Table, lines: Table) -> Table:
    """Only pairs that at least TOGETHER baskets hold: one basket is no habit."""
    columns, pairs = lines.tocsc(), rule.tocoo()
    keep = np.zeros(pairs.nnz, bool)
    for start in range(0, pairs.nnz, PAIRS):
        some = slice(start, start + PAIRS)
        both = columns[:, pairs.row[some]].multiply(columns[:, pairs.col[some]])
        keep[some] = np.asarray(both.sum(axis=0)).ravel() >= TOGETHER
    kept = sp.csr_matrix((pairs.data[keep], (pairs.row[keep], pairs.col[keep])), shape=rule.shape)
    return kept


def _lines(rows: Sequence[Any], now: datetime) -> Lines:
    """Moments are days before now, so negative."""
    at = np.array([(row.paid_at - now).total_seconds() / 86400 for row in rows])
    owner = np.array([str(row.member_id or _NOBODY) for row in rows])
    basket = np.array([f"{row.store_id}:{row.id}" for row in rows])
    return Lines(owner, basket, at, np.array([str(row.product_id) for row in rows]), None, dated=True)


def _last(every: Baskets) -> Any:
    last = np.full(every.members, -np.inf)
    np.maximum.at(last, every.owner, every.at)
    return last


def judge(lines: Lines) -> Judged:
    """The trees beside GP-TopFreq on the last seven days, both fitted on what was before."""
    lines = lines.where(lines.owner != _NOBODY)
    if not len(lines.at) or lines.at.min() >= -2 * WEEK_DAYS or lines.at.max() < -WEEK_DAYS:
        return Judged(0)
    week = split(lines, -WEEK_DAYS, 0.0)
    asked = np.arange(len(week.members))
    if len(asked) < FEW:
        return Judged(len(asked))
    ties = tie_breakers(week.past.items)
    counted = strongest(Frequency(fill=True).fit(week.past).score(week.members), LENGTH, ties)
    try:
        model = BasketModel(week.horizon).fit(week.past, week.at)
    except NothingToLearn:
        return Judged(len(asked))
    learned = np.concatenate([model.lists(week.members[some], LENGTH) for some in batches(asked, week.past.items)])
    ours, theirs = (by_question(one, week.truth)["ndcg@10"] for one in (learned, counted))
    return Judged(len(asked), float(ours.mean()), float(theirs.mean()), interval(ours, theirs)[1])


def _of_members(every: Baskets, members: Ints, rule: Table, *, learned: bool) -> dict[int, list[Named]]:
    """The list of each member (by their number among the baskets), items by theirs."""
    made: dict[int, list[Named]] = {}
    model: Any = BasketModel(WEEK_DAYS).fit(every, 0.0) if learned else Frequency(fill=True, decay=0.85).fit(every)
    ties = tie_breakers(every.items)
    to = rule.T.tocsr()
    for some in batches(members, every.items):
        best = model.lists(some, LONG) if learned else strongest(model.score(some), LONG, ties)
        for member, items in zip(some, best, strict=True):
            made[int(member)] = _reasons(every, int(member), [int(item) for item in items if item >= 0], to)
    return made


def _reasons(every: Baskets, member: int, items: Sequence[int], to: Table) -> list[Named]:
    """Why each: bought before, and how often; bought with something the member has; or only popular."""
    first, last = np.searchsorted(every.owner, [member, member + 1])
    days: dict[int, list[float]] = defaultdict(list)
    for basket in range(first, last):
        for item in every.lines.indices[every.lines.indptr[basket] : every.lines.indptr[basket + 1]]:
            days[int(item)].append(float(every.at[basket]))
    named = []
    for item in items:
        if item in days:
            when = days[item]
            gap = round((when[-1] - when[0]) / (len(when) - 1)) if len(when) > 1 else 0
            named.append(Named(item, "usual", min(gap, 365)))
            continue
        row = slice(to.indptr[item], to.indptr[item + 1])
        had = [(score, int(other)) for score, other in zip(to.data[row], to.indices[row], strict=True) if other in days]
        named.append(Named(item, "with", max(had)[1]) if had else Named(item, "popular"))
    return named


def _numbered(named: Collection[Named], products: Sequence[int]) -> list[Named]:
    """Items as the products they are."""
    return [
        Named(products[one.product_id], one.kind, products[one.about] if one.kind == "with" else one.about)
        for one in named
    ]


def _beside(rule: Table) -> dict[int, list[Named]]:
    """What goes with each item, the strongest first."""
    best = strongest(rule, BESIDE)
    return {
        item: [Named(int(one), "with", item) for one in row if one >= 0] for item, row in enumerate(best) if row[0] >= 0
    }


def _popular(rows: Sequence[Any], now: datetime) -> dict[int, list[Named]]:
    """What each store sold in most orders of the last four weeks."""
    since = business_day(now) - timedelta(days=POPULAR_DAYS)
    orders: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        if business_day(row.paid_at) >= since:
            orders[row.store_id][row.product_id].add(row.id)
    return {
        store: [Named(one, "popular") for one in sorted(sold, key=lambda one: (-len(sold[one]), one))[:LONG]]
        for store, sold in orders.items()
    }
