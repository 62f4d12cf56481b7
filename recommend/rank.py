"""The ranker: how likely each candidate is to be bought, from its features alone."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from recommend.histories import Bools, Floats, Ints, Singles

FEW = 300
"""With fewer positives than this, trees learn the chance in the data; a logistic regression is fitted instead."""


class Ranker:
    """Boosted trees with log loss, the mean of several that drew other features; or a logistic fallback.

    A sieve of few small trees goes before them, so that the many trees score only a question's best candidates.
    """

    def __init__(
        self, *, rounds: int = 200, leaves: int = 31, rate: float = 0.06, bags: int = 2, keep: int = 50
    ) -> None:
        self.rounds, self.leaves, self.rate, self.bags, self.keep = rounds, leaves, rate, bags, keep
        self.sieve: Any = None
        self.models: list[Any] = []

    def fit(self, features: Singles, bought: Bools) -> Self:
        """Learn from candidates (rows of features) and whether each was bought."""
        assert bought.any() and not bought.all(), "a ranker needs candidates of both kinds"
        known = np.isfinite(features)
        low = np.where(known, features, np.inf).min(axis=0)
        self.columns = np.flatnonzero(np.where(known, features, -np.inf).max(axis=0) > low)
        features = features[:, self.columns]
        if bought.sum() < FEW:
            self.models = [_logistic().fit(features, bought)]
            return self
        self.sieve = self._trees(40, 15, 0.15, 0).fit(features, bought)
        self.models = [
            self._trees(self.rounds, self.leaves, self.rate, seed).fit(features, bought) for seed in range(self.bags)
        ]
        return self

    def _trees(self, rounds: int, leaves: int, rate: float, seed: int) -> Any:
        return HistGradientBoostingClassifier(
            max_iter=rounds,
            learning_rate=rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=60,
            l2_regularization=1.0,
            max_features=0.5,
            early_stopping=False,
            random_state=seed,
        )

    def best(self, row: Ints, features: Singles) -> tuple[Ints, Floats]:
        """The places of each question's best candidates, and their log-odds; one pass over many questions."""
        features = features[:, self.columns]
        kept = np.arange(len(row))
        if self.sieve is not None:
            kept = strongest_of(row, self.sieve.decision_function(features), self.keep)
            features = features[kept]
        return kept, np.asarray(np.mean([model.decision_function(features) for model in self.models], axis=0), float)


def strongest_of(row: Ints, score: Floats, most: int) -> Ints:
    """The places of the `most` highest scores of each row, ascending; `row` is ascending."""
    order = np.lexsort((-score, row))
    start = np.flatnonzero(np.diff(row, prepend=-1))
    place = np.arange(len(row)) - np.repeat(start, np.diff(np.append(start, len(row))))
    return np.sort(order[place < most])


def _logistic() -> Any:
    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value=999.0),
        QuantileTransformer(n_quantiles=50, random_state=1),
        LogisticRegression(max_iter=300),
    )


def sample(row: Ints, bought: Bools, most: int, chance: np.random.Generator) -> Ints:
    """The places of all bought candidates and of at most `most` others of each question, drawn by chance."""
    drawn = chance.random(len(row))
    order = np.lexsort((drawn, bought, row))
    start = np.flatnonzero(np.diff(row[order], prepend=-1))
    place = np.arange(len(row)) - np.repeat(start, np.diff(np.append(start, len(row))))
    return np.sort(order[(place < most) | bought[order]])
