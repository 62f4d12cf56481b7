"""Each source of candidates against a case that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from recommend.candidates import frequency, neighbours
from recommend.candidates.tables import capped, described, similar, strongest, union
from recommend.histories import Baskets, Lines, baskets_of


def bought(*rows: tuple[str, float, str]) -> Baskets:
    """Baskets of (member, day, items as letters)."""
    flat = [(owner, str(n), day, item) for n, (owner, day, items) in enumerate(rows) for item in items]
    owner, basket, at, item = (np.array(column) for column in zip(*flat, strict=True))
    return baskets_of(Lines(owner, basket, at.astype(float), item, None, dated=True))[0]


@pytest.fixture
def past() -> Baskets:
    """Items a, b, c, d are 0, 1, 2, 3."""
    return bought(("ann", 1, "ab"), ("ann", 5, "a"), ("bob", 2, "bc"), ("bob", 9, "bd"), ("cat", 3, "b"))


def test_baskets_lie_in_order_of_member_and_time():
    shuffled = bought(("bob", 9, "d"), ("ann", 5, "a"), ("bob", 2, "c"), ("ann", 1, "b"))
    assert shuffled.owner.tolist() == [0, 0, 1, 1]
    assert shuffled.at.tolist() == [1, 5, 2, 9]
    assert shuffled.lines.indices.tolist() == [1, 0, 2, 3]
    assert shuffled.back.tolist() == [1, 0, 1, 0]


def test_own_items_come_before_popular_ones(past):
    source = frequency.Frequency(fill=True).fit(past)
    first, second = strongest(source.score(np.array([0, 2])), 4)
    assert first[:2].tolist() == [0, 1]
    assert second[:2].tolist() == [1, 0]


def test_an_older_basket_counts_for_less(past):
    own = frequency.Frequency(fill=False, decay=0.5).fit(past).score(np.array([0])).toarray()[0]
    assert own.tolist() == [1.5, 0.5, 0, 0]


def test_tifu_weighs_groups_as_published():
    """8 baskets in 7 groups of at most 2 are 4 groups of 2."""
    past = bought(*[("ann", float(day), "a") for day in range(8)])
    weights = frequency.group_weights(past)
    assert weights[-1] == pytest.approx(1 / 2 / 4)
    assert weights[0] == pytest.approx(0.9 / 2 * 0.7**3 / 4)


def test_the_basket_rule_is_confidence_over_root_of_popularity(past):
    rule = neighbours.basket_rule(past.lines, 10).toarray()
    assert rule[0, 1] == pytest.approx(1 / (2 + 10) / np.sqrt(4 + 10))
    assert rule[0, 2] == 0
    assert rule.diagonal().tolist() == [0, 0, 0, 0]


def test_ease_solves_its_equation(past):
    weights = neighbours.ease_weights(past.known, 5.0)
    gram = past.known.toarray().T @ past.known.toarray()
    residual = gram @ (weights - np.eye(4)) + 5.0 * weights
    off = residual - np.diag(residual.diagonal())
    assert np.abs(off).max() < 1e-4


def test_the_next_basket_is_only_of_the_same_member(past):
    following = neighbours.NextBasket(steps=1).fit(past).next.toarray()
    assert following[2, 3] > 0
    assert following[0, 3] == 0


def test_similar_is_the_product_without_its_diagonal():
    table = sp.random(40, 30, density=0.3, random_state=1, format="csr")
    whole = (table.T @ table).toarray()
    np.fill_diagonal(whole, 0)
    np.testing.assert_allclose(similar(table, table, 99, block=7).toarray(), whole)
    three = capped(sp.csr_matrix(whole), 3)
    assert (np.diff(three.indptr) == 3).all()
    assert three.toarray()[0].max() == whole[0].max()


def test_pairs_carry_score_share_and_rank():
    table = sp.csr_matrix(np.array([[0, 4.0, 2.0], [1.0, 0, 0]]))
    named = strongest(table, 2)
    assert named.tolist() == [[1, 2], [0, -1]]
    row, item = union([named], 3)
    assert list(zip(row.tolist(), item.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0)]
    expected = np.array([[4, 1, 0], [2, 0.5, 1], [1, 1, 0]])
    np.testing.assert_allclose(described(table, named, row, item).astype(float), expected, rtol=1e-6)
