"""What members bought, viewed and wanted, as flat arrays: the form in which everything is learned.

Members and items are row and column numbers.  They are places in a table and never a feature: publishers and
databases number by first appearance, so that neighbouring numbers were seen together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Bools: TypeAlias = npt.NDArray[np.bool_]
Texts: TypeAlias = npt.NDArray[np.str_]
Table: TypeAlias = Any
"""A SciPy sparse matrix in rows (CSR); SciPy has no types of its own."""


@dataclass(frozen=True)
class Lines:
    """Lines of baskets as they were read: one entry an item in a basket, in the file's order."""

    owner: Texts
    basket: Texts
    at: Floats
    item: Texts
    price: Floats | None
    dated: bool

    def where(self, keep: Bools) -> Lines:
        """Only some of the lines."""
        price = None if self.price is None else self.price[keep]
        return Lines(self.owner[keep], self.basket[keep], self.at[keep], self.item[keep], price, self.dated)


@dataclass(frozen=True)
class Baskets:
    """Baskets in order of their owner and then of time.

    :param owner: the member of each basket, ascending.
    :param at: its moment in days; without dates its number within the member's history.
    :param lines: baskets x items, 1 where bought.
    :param price: the usual price of each item, NaN where none is known.
    """

    owner: Ints
    at: Floats
    lines: Table
    members: int
    dated: bool
    price: Floats

    @property
    def items(self) -> int:
        """How many items the catalogue has."""
        return int(self.lines.shape[1])

    @cached_property
    def sizes(self) -> Floats:
        """How many different items each basket holds."""
        return np.asarray(np.diff(self.lines.indptr), float)

    @cached_property
    def each(self) -> Ints:
        """How many baskets each member has."""
        return np.bincount(self.owner, minlength=self.members)

    @cached_property
    def number(self) -> Ints:
        """The place of each basket in its owner's history, from 0."""
        start = np.concatenate([[0], np.cumsum(self.each)])
        return np.asarray(np.arange(len(self.owner)) - start[self.owner], np.int64)

    @cached_property
    def back(self) -> Ints:
        """How many baskets of the same owner came later: 0 for the newest."""
        return self.each[self.owner] - 1 - self.number

    @cached_property
    def counts(self) -> Table:
        """Members x items: in how many baskets."""
        return self.weighed(np.ones(len(self.owner)))

    @cached_property
    def known(self) -> Table:
        """Members x items: 1 where ever bought."""
        known = self.counts.copy()
        known.data[:] = 1
        return known

    def weighed(self, weight: Floats) -> Table:
        """Members x items, each basket counted with its weight; a weight of 0 leaves the basket out."""
        use = np.flatnonzero(weight)
        shape = (self.members, len(self.owner))
        sums = sp.csr_matrix((weight[use].astype(np.float32), (self.owner[use], use)), shape=shape)
        return (sums @ self.lines).tocsr()

    def where(self, keep: Bools) -> Baskets:
        """Only some of the baskets; members and items keep their numbers."""
        use = np.flatnonzero(keep)
        return Baskets(self.owner[use], self.at[use], self.lines[use], self.members, self.dated, self.price)


def recoded(values: Texts) -> tuple[Texts, Ints]:
    """The different values in their order, and the number of each value among them."""
    names, numbers = np.unique(values, return_inverse=True)
    return names, numbers.astype(np.int64)


def baskets_of(lines: Lines, catalogue: Texts | None = None) -> tuple[Baskets, Texts, Texts]:
    """Baskets with the names of their members and items.

    :param catalogue: the items that may be named; a line of another item is left out.  None: all that occur.
    """
    members, owner = recoded(lines.owner)
    if catalogue is None:
        catalogue = np.unique(lines.item)
    item = np.searchsorted(catalogue, lines.item)
    item[item == len(catalogue)] = 0
    known = catalogue[item] == lines.item
    _, basket = recoded(lines.basket)
    key = owner * (int(basket.max(initial=0)) + 1) + basket
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    order = np.lexsort((first, lines.at[first], owner[first]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    shape = (len(order), len(catalogue))
    ones = np.ones(int(known.sum()), np.float32)
    table = sp.csr_matrix((ones, (place[number][known], item[known])), shape=shape)
    table.sum_duplicates()
    table.data[:] = 1
    price = _usual_price(lines, item, known, len(catalogue))
    first = first[order]
    found = Baskets(owner[first], lines.at[first], table, len(members), lines.dated, price)
    return found, members, catalogue


def _usual_price(lines: Lines, item: Ints, known: Bools, items: int) -> Floats:
    if lines.price is None:
        return np.full(items, np.nan)
    times = np.bincount(item[known], minlength=items)
    total = np.bincount(item[known], weights=lines.price[known], minlength=items)
    return np.where(times > 0, total / np.maximum(times, 1), np.nan)
