"""Learns what goes with a basket, from baskets that were closed later than all that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np
import scipy.sparse as sp

from recommend.candidates.carts import CartEase, CartNear, CartPopularity, CartSource
from recommend.candidates.tables import described, strongest, union
from recommend.histories import Baskets, Bools, Floats, Ints, Singles, Table
from recommend.rank import Ranker, sample
from recommend.train.basket import batches, best_of, marked

DEPTH = 60
QUESTIONS = 2000
NEGATIVES = 40
CUTS = 5
FOLDS = 5
MOST_GIVEN = 5
LEAST = 4
"""A basket with fewer items is no question."""


def sources() -> list[CartSource]:
    """Fresh sources of candidates; they are fitted anew for every cut."""
    return [CartNear("cosine"), CartNear("bm25"), CartNear("rule", 300), CartEase(), CartEase(500), CartPopularity(0.1)]


def halved(lines: Table, chance: np.random.Generator) -> tuple[Table, Table]:
    """Of each basket up to five of its items, at most half of them, by chance; and the rest."""
    row = np.repeat(np.arange(lines.shape[0]), np.diff(lines.indptr))
    order = np.lexsort((chance.random(len(row)), row))
    place = np.arange(len(row)) - lines.indptr[row]
    given = place < np.minimum(MOST_GIVEN, np.diff(lines.indptr) // 2)[row]
    item = lines.indices[order]

    def table(use: Bools) -> Table:
        ones = np.ones(int(use.sum()), np.float32)
        return sp.csr_matrix((ones, (row[use], item[use])), shape=lines.shape)

    return table(given), table(~given)


class CartState:
    """Sources and facts as of one moment: everything in them comes from `past`."""

    def __init__(self, past: Baskets) -> None:
        in_time = past.lines[np.argsort(past.at, kind="stable")]
        self.items = past.items
        self.sources = [source.fit(in_time) for source in sources()]
        near = self.sources[0]
        assert isinstance(near, CartNear)
        self.squares, self.ones = near.near.power(2), near.near.astype(bool).astype(np.float32)
        popular = np.asarray(in_time.sum(axis=0), float).ravel()
        recent = np.asarray(in_time[int(in_time.shape[0] * 0.9) :].sum(axis=0), float).ravel()
        sizes = np.asarray(in_time.T @ np.diff(in_time.indptr), float).ravel() / np.maximum(popular, 1)
        self.price = past.price
        self.item = np.stack([np.log1p(popular), np.log1p(recent), recent / (popular + 3), sizes, past.price], axis=1)

    def candidates(self, carts: Table) -> tuple[Ints, Ints, Singles]:
        """Row, item and features of every candidate; what is in the basket is none."""
        inside = carts.tocoo()
        tables = [without(source.score(carts), inside) for source in self.sources]
        named = [strongest(table, DEPTH) for table in tables]
        row, item = union(named, self.items)
        columns = [described(table, best, row, item) for table, best in zip(tables, named, strict=True)]
        support = np.asarray((carts @ self.ones)[row, item], np.float32).ravel()
        squares = np.asarray((carts @ self.squares)[row, item], np.float32).ravel()
        size = np.diff(carts.indptr)[row]
        facts = self.item[item]
        mean = np.asarray(carts @ np.nan_to_num(self.item)) / np.maximum(np.diff(carts.indptr), 1)[:, None]
        more = [support, support / size, np.sqrt(squares), size, self.price[item] / np.maximum(mean[row, 4], 1e-9)]
        return row, item, np.concatenate([*columns, np.stack(more, 1), facts, mean[row]], axis=1).astype(np.float32)


def without(table: Table, inside: Table) -> Table:
    """The table with nothing at some places."""
    table = table.tocsr()
    wide = table.shape[1]
    rows = np.repeat(np.arange(table.shape[0], dtype=np.int64), np.diff(table.indptr))
    out = np.isin(rows * wide + table.indices, inside.row.astype(np.int64) * wide + inside.col)
    table.data = np.where(out, 0, table.data)
    return table


class CartModel:
    """The product's own list for a basket."""

    name = "tongdian"

    def __init__(self) -> None:
        self.ranker = Ranker(rounds=200, rate=0.06, bags=2, keep=60)

    def fit(self, past: Baskets) -> Self:
        """Learn from baskets alone."""
        chance = np.random.default_rng(1)
        parts = [part for known, later in cuts(past) for part in self._learned(known, later, chance)]
        self.state = CartState(past)
        found = np.concatenate([one for _, one in parts]) if parts else np.zeros(0, bool)
        self.learned = bool(found.any() and not found.all())
        if self.learned:
            self.ranker.fit(np.concatenate([one for one, _ in parts]), found)
        return self

    def _learned(self, known: Baskets, later: Table, chance: np.random.Generator) -> Iterator[tuple[Singles, Bools]]:
        state = CartState(known)
        if later.shape[0] > QUESTIONS:
            later = later[np.sort(chance.choice(later.shape[0], QUESTIONS, replace=False))]
        carts, rest = halved(later, chance)
        for some in batches(np.arange(carts.shape[0]), known.items):
            row, item, features = state.candidates(carts[some])
            bought = marked(rest[some], row, item)
            use = sample(row, bought, NEGATIVES, chance)
            yield features[use], bought[use]

    def lists(self, carts: Table, most: int) -> Ints:
        """The best items of each basket, best first."""
        row, item, features = self.state.candidates(carts)
        if not self.learned:
            # Too little to learn from: the cosine, the first feature.
            return best_of(row, item, features[:, 0].astype(float), carts.shape[0], most)
        kept, score = self.ranker.best(row, features)
        return best_of(row[kept], item[kept], score, carts.shape[0], most)


def cuts(past: Baskets) -> Iterator[tuple[Baskets, Table]]:
    """Earlier moments: what was known, and the baskets of the time after, of at least four known items.

    Without dates some members stand for what comes, and the others for what is known.
    """
    first, last = float(past.at.min()), float(past.at.max())
    window: float = (last - first) / 15
    for step in range(1, CUTS + 1):
        if past.dated:
            known = past.at < last - step * window
            after = ~known & (past.at <= last - (step - 1) * window)
        elif step > 3:
            return
        else:
            after = past.owner % FOLDS == step
            known = ~after
        if known.any():
            before = past.where(known)
            later = questions(past.lines[np.flatnonzero(after)], np.asarray(before.lines.sum(axis=0), float).ravel())
            if later.shape[0]:
                yield before, later


def questions(lines: Table, popular: Floats) -> Table:
    """Baskets of at least four items that are known, without the others."""
    known = (lines @ sp.diags((popular > 0).astype(np.float32))).tocsr()
    known.eliminate_zeros()
    return known[np.flatnonzero(np.diff(known.indptr) >= LEAST)]
