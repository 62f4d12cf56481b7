"""What a member may buy within days: what is pending, what goes with it, and what others buy now."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from recommend.candidates.frequency import POPULAR
from recommend.candidates.tables import capped, capped_dense, same_for_all, similar, unit_columns
from recommend.candidates.visits import steps
from recommend.histories import Ints, Table
from recommend.visits import Visits
from recommend.wants import BUY, Wants

KINDS = (0.7, 1.0, 1.0)
"""What a favourite, a cart and a purchase count."""


class WantSource(Protocol):
    """Names items to members."""

    name: str

    def fit(self, past: Wants) -> Self:
        """Learn from what was before the question."""

    def score(self, members: Ints) -> Table:
        """Members x items."""


class PopularWants:
    """The same for everyone: what was bought, or what anything was done with in the newest units."""

    def __init__(self, units: float | None = None) -> None:
        self.units = units
        self.name = "popularity" if units is None else f"popularity (all events, last {units:g} units)"

    def fit(self, past: Wants) -> Self:
        """Count."""
        use = past.kind == BUY if self.units is None else past.age <= self.units
        self.popular = np.bincount(past.item[use], minlength=past.items).astype(float)
        return self

    def score(self, members: Ints) -> Table:
        """The most popular items."""
        return same_for_all(self.popular, len(members), POPULAR)


class Pending:
    """Carted or put aside, and not bought: the newest first."""

    name = "pending carts and favourites"

    def fit(self, past: Wants) -> Self:
        """What is pending."""
        wanted, bought = past.faded(2.0, (0.7, 1.0, 0.0)), past.of(past.kind == BUY)
        self.pending = (wanted - wanted.multiply(bought)).tocsr()
        self.pending.eliminate_zeros()
        return self

    def score(self, members: Ints) -> Table:
        """The member's own."""
        return self.pending[members]


class WantKnn:
    """Items of the same members, by cosine, asked with what the member did lately."""

    def __init__(self, half: float = 3.0) -> None:
        self.half = half
        self.name = f"ItemKNN cosine, all events, half after {half:g} units"

    def fit(self, past: Wants) -> Self:
        """Count pairs."""
        unit = unit_columns(past.of(np.ones(len(past.at), bool)))
        self.near = similar(unit, unit, 100)
        self.asked = past.faded(self.half, KINDS)
        return self

    def score(self, members: Ints) -> Table:
        """The sum over the member's items."""
        return (self.asked[members] @ self.near).tocsr()


class PendingFirst:
    """The rule that people would write: what is pending, before what goes with it."""

    name = "pending + ItemKNN"

    def fit(self, past: Wants) -> Self:
        """Fit both."""
        self.pending, self.near = Pending().fit(past), WantKnn().fit(past)
        return self

    def score(self, members: Ints) -> Table:
        """Each as a share of its highest, what is pending for three times."""
        return (share(self.near.score(members)) + 3 * share(self.pending.score(members))).tocsr()


def share(table: Table) -> Table:
    """Each row as a share of its highest."""
    best = np.asarray(table.max(axis=1).toarray(), float).ravel()
    return (sp.diags(1 / np.maximum(best, 1e-9)) @ table).tocsr()


class WantSteps:
    """What others did within few steps of the member's newest items, both directions."""

    name = "steps of wants"

    def fit(self, past: Wants) -> Self:
        """Each member's history is a walk."""
        order = np.lexsort((past.at, past.member))
        each = np.bincount(past.member, minlength=past.members)
        walks = Visits(past.item[order], np.concatenate([[0], np.cumsum(each)]), past.items)
        ahead = steps(walks, 5)
        both = (ahead + ahead.T).tolil()
        both.setdiag(0)
        both = capped(both.tocsr(), 100)
        both.eliminate_zeros()
        size = np.maximum(np.bincount(past.item, minlength=past.items), 1)
        self.rule = (sp.diags((1 / size).astype(np.float32)) @ both).tocsr()
        self.asked = past.faded(0.5, KINDS)
        return self

    def score(self, members: Ints) -> Table:
        """The sum over the member's items."""
        return (self.asked[members] @ self.rule).tocsr()


class Factors:
    """PureSVD (Cremonesi et al. 2010): tastes as few factors, for items far from the member's own."""

    def __init__(self, factors: int = 64) -> None:
        self.factors = factors
        self.name = f"SVD of {factors} factors"

    def fit(self, past: Wants) -> Self:
        """Factor what members did, active ones and popular items damped."""
        table = past.of(np.ones(len(past.at), bool))
        rows, columns = np.maximum(np.diff(table.indptr), 1), np.bincount(table.indices, minlength=past.items)
        damped = sp.diags(rows**-0.25) @ table @ sp.diags(np.maximum(columns, 1) ** -0.25)
        _, _, found = randomized_svd(damped, min(self.factors, min(table.shape) - 1), n_iter=4, random_state=1)
        self.items = past.items
        self.back = np.asarray(found, np.float32)
        self.ahead = (self.back * np.maximum(columns, 1) ** -0.25).T.astype(np.float32)
        self.lift = (np.maximum(columns, 1) ** 0.25).astype(np.float32)
        self.asked = past.faded(3.0, KINDS)
        return self

    def score(self, members: Ints) -> Table:
        """The strongest 200 items."""
        dense = np.asarray(self.asked[members] @ self.ahead) @ (self.back * self.lift)
        return capped_dense(dense.astype(np.float32), 200, np.arange(self.items), self.items)
