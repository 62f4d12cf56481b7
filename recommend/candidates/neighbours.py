"""Items that go together: bought by the same members, in the same basket, or one after the other."""

from __future__ import annotations

from typing import Self

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from recommend.candidates.frequency import popularity
from recommend.candidates.tables import capped, capped_dense, scaled, similar, unit_columns
from recommend.histories import Baskets, Floats, Ints, Singles, Table


def bm25(table: Table) -> Table:
    """BM25 weights of a table of ones: rare items and short rows count for more."""
    rows, items = table.shape
    seen = np.bincount(table.indices, minlength=items)
    rare = np.log(1 + (rows - seen + 0.5) / (seen + 0.5))
    size = np.diff(table.indptr)
    damp = 1.2 * (0.25 + 0.75 * size / max(size.mean(), 1e-9))
    weighed = table.astype(np.float32, copy=True)
    weighed.data = (2.2 / (1 + damp[np.repeat(np.arange(rows), size)]) * rare[table.indices]).astype(np.float32)
    return weighed


class ItemKnn:
    """Items bought by the same members, by cosine; `weight` "cosine" or "bm25"."""

    def __init__(self, weight: str = "cosine", most: int = 200, decay: float = 1.0) -> None:
        self.weight, self.most, self.decay = weight, most, decay
        self.name = f"ItemKNN {weight}" + (f" decayed {decay}" if decay != 1 else "")

    def fit(self, past: Baskets) -> Self:
        """Neighbours from whole histories; asked with the decayed history."""
        table = unit_columns(bm25(past.known) if self.weight == "bm25" else past.known)
        self.near = similar(table, table, self.most)
        self.asked = past.known if self.decay == 1 else past.weighed(self.decay ** past.back.astype(float))
        return self

    def score(self, members: Ints) -> Table:
        """The sum over the member's items."""
        return (self.asked[members] @ self.near).tocsr()


class Ease:
    """Steck 2019: a linear model of items by items in closed form, over the most popular items.

    Its cost grows with the third power of the items: 4,000 take 3 s, 8,000 take 25 s.
    """

    def __init__(self, penalty: float = 300.0, most: int = 4000, decay: float = 1.0) -> None:
        self.penalty, self.most, self.decay = penalty, most, decay
        self.name = f"EASE lambda={penalty:g}, top {most} items"

    def fit(self, past: Baskets) -> Self:
        """Solve for what members bought."""
        popular = popularity(past)
        self.columns = np.sort(np.argsort(-popular, kind="stable")[: self.most])
        self.weights = ease_weights(past.known[:, self.columns], self.penalty)
        asked = past.known if self.decay == 1 else past.weighed(self.decay ** past.back.astype(float))
        self.asked = asked[:, self.columns]
        self.items = past.items
        return self

    def score(self, members: Ints) -> Table:
        """The strongest 300 items."""
        return capped_dense(np.asarray(self.asked[members] @ self.weights), 300, self.columns, self.items)


def ease_weights(table: Table, penalty: float) -> Singles:
    """EASE's items x items for rows of ones; the diagonal is 0."""
    gram = np.asarray((table.T @ table).toarray(), np.float32, order="F")
    gram[np.diag_indices_from(gram)] += penalty
    half, wrong = lapack.spotrf(gram, lower=1, overwrite_a=1)
    assert wrong == 0, wrong
    half, wrong = lapack.spotri(half, lower=1, overwrite_c=1)
    assert wrong == 0, wrong
    low = np.tril(half)
    inverse = low + np.tril(low, -1).T
    weights = inverse / -np.diag(inverse)[None, :]
    weights[np.diag_indices_from(weights)] = 0
    return np.ascontiguousarray(weights, np.float32)


class NextBasket:
    """What members bought in the baskets after an item: from their last baskets to the next one."""

    def __init__(self, steps: int = 3, most: int = 200) -> None:
        self.steps, self.most = steps, most
        self.name = f"next-basket rule, {steps} baskets"

    def fit(self, past: Baskets) -> Self:
        """Count pairs of items over 1 to `steps` baskets, near ones for more, against the square root of popularity."""
        popular = popularity(past)
        damped = 1 / np.sqrt(popular + 10)
        lines = scaled(past.lines, damped)
        before = []
        after = []
        for step in range(1, self.steps + 1):
            first = np.flatnonzero(past.back >= step)
            before.append(lines[first] / step)
            after.append(lines[first + step])
        self.next = similar(sp.vstack(before), sp.vstack(after), self.most)
        self.next = scaled(self.next, np.ones(past.items)) + sp.diags(self._again(past, popular)).tocsr()
        weight = np.where(past.back < self.steps, 0.7 ** past.back.astype(float), 0.0)
        self.asked = past.weighed(weight)
        return self

    def _again(self, past: Baskets, popular: Floats) -> Singles:
        """How often the very next basket holds the item again; `similar` leaves the diagonal out."""
        first = np.flatnonzero(past.back >= 1)
        same = np.asarray(past.lines[first].multiply(past.lines[first + 1]).sum(axis=0)).ravel()
        return np.asarray(same / (popular + 10), np.float32)

    def score(self, members: Ints) -> Table:
        """The sum over the member's last baskets."""
        return (self.asked[members] @ self.next).tocsr()


class BasketRule:
    """Bought together in one basket: the confidence over the root of popularity."""

    def __init__(self, most: int = 300) -> None:
        self.most = most
        self.name = "association rule (confidence / root of popularity)"

    def fit(self, past: Baskets) -> Self:
        """Count pairs within baskets."""
        self.rule = basket_rule(past.lines, self.most)
        self.asked = past.weighed((past.back == 0).astype(float))
        return self

    def score(self, members: Ints) -> Table:
        """The sum over the member's last basket."""
        return (self.asked[members] @ self.rule).tocsr()


def basket_rule(lines: Table, most: int) -> Table:
    """Items x items for baskets of ones."""
    popular = np.bincount(lines.indices, minlength=lines.shape[1])
    return capped(similar(scaled(lines, 1 / (popular + 10)), scaled(lines, 1 / np.sqrt(popular + 10)), most), most)
