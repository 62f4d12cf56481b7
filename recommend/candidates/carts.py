"""What goes with the items of a basket: sources that know baskets alone, and not who asks."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np

from recommend.candidates.frequency import POPULAR
from recommend.candidates.neighbours import basket_rule, bm25, ease_weights
from recommend.candidates.tables import capped_dense, same_for_all, similar, unit_columns
from recommend.histories import Table


class CartSource(Protocol):
    """Names items that go with those of a basket."""

    name: str

    def fit(self, lines: Table) -> Self:
        """Learn from baskets x items, 1 where bought, oldest first."""

    def score(self, carts: Table) -> Table:
        """Carts x items."""


class CartPopularity:
    """The same for every basket."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share
        self.name = "popularity" if share == 1 else f"popularity, last {share:.0%} of baskets"

    def fit(self, lines: Table) -> Self:
        """Count."""
        newest = lines[int(lines.shape[0] * (1 - self.share)) :]
        self.popular = np.asarray(newest.sum(axis=0), float).ravel()
        return self

    def score(self, carts: Table) -> Table:
        """The most popular items."""
        return same_for_all(self.popular, carts.shape[0], POPULAR)


class CartNear:
    """Items of the same baskets: by cosine, by cosine of BM25 weights, or by the association rule."""

    def __init__(self, kind: str, most: int = 200) -> None:
        self.kind, self.most = kind, most
        self.name = "association rule (confidence / root of popularity)" if kind == "rule" else f"ItemKNN {kind}"

    def fit(self, lines: Table) -> Self:
        """Count pairs."""
        if self.kind == "rule":
            self.near = basket_rule(lines, self.most)
            return self
        unit = unit_columns(bm25(lines) if self.kind == "bm25" else lines)
        self.near = similar(unit, unit, self.most)
        return self

    def score(self, carts: Table) -> Table:
        """The sum over the items of the basket."""
        return (carts @ self.near).tocsr()


class CartEase:
    """EASE (Steck 2019) of baskets, over the most popular items."""

    def __init__(self, penalty: float = 100.0, most: int = 6000) -> None:
        self.penalty, self.most = penalty, most
        self.name = f"EASE lambda={penalty:g}, top {most} items"

    def fit(self, lines: Table) -> Self:
        """Solve for what was bought together."""
        popular = np.asarray(lines.sum(axis=0)).ravel()
        self.columns = np.sort(np.argsort(-popular, kind="stable")[: self.most])
        self.weights = ease_weights(lines[:, self.columns], self.penalty)
        return self

    def score(self, carts: Table) -> Table:
        """The strongest 300 items."""
        return capped_dense(np.asarray(carts[:, self.columns] @ self.weights), 300, self.columns, carts.shape[1])
