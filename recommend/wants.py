"""What members put aside, carted and bought, as flat arrays: the form in which the next purchases are learned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from recommend.histories import Bools, Floats, Ints, Table

FAVOURITE, CART, BUY = 0, 1, 2


@dataclass(frozen=True)
class Wants:
    """Events of many members, all before the moment `now`.

    :param at: the moment of each event, in days.
    :param unit: days in which wants grow old; half of what is asked about.
    """

    member: Ints
    item: Ints
    kind: Ints
    at: Floats
    members: int
    items: int
    now: float
    unit: float

    @cached_property
    def age(self) -> Floats:
        """How many units ago each event was."""
        return (self.now - self.at) / self.unit

    def before(self, moment: float) -> Wants:
        """Only what was known at an earlier moment; members and items keep their numbers."""
        use = self.at < moment
        return Wants(
            self.member[use], self.item[use], self.kind[use], self.at[use], self.members, self.items, moment, self.unit
        )

    def bought(self, start: float, end: float) -> Table:
        """Members x items, 1 where bought in that time."""
        return self.of((self.kind == BUY) & (self.at >= start) & (self.at < end))

    def of(self, use: Bools) -> Table:
        """Members x items, 1 where such an event was."""
        found = self.weighed(use.astype(float))
        found.data[:] = 1
        return found

    def weighed(self, weight: Floats) -> Table:
        """Members x items, each event counted with its weight; a weight of 0 leaves it out."""
        use = np.flatnonzero(weight)
        shape = (self.members, self.items)
        found = sp.csr_matrix((weight[use].astype(np.float32), (self.member[use], self.item[use])), shape=shape)
        found.sum_duplicates()
        return found

    def faded(self, half: float, kinds: tuple[float, float, float]) -> Table:
        """Members x items: each event by its kind, for half after so many units."""
        return self.weighed(np.array(kinds)[self.kind] * 0.5 ** (self.age / half))
