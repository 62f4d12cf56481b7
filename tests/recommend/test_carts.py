"""The rest of a basket: how it is asked about, and that nothing of the rest or of later baskets reaches a feature."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from recommend.candidates.carts import CartEase, CartNear, CartPopularity
from recommend.evaluate.addon import split
from recommend.histories import Baskets, Lines, baskets_of
from recommend.train.addon import CartModel, CartState, cuts, halved, questions, without
from tests.recommend import behaving


def lines(dated: bool = True) -> Lines:
    flat = [(o, str(n), day, item) for n, (o, day, items) in enumerate(behaving.baskets()) for item in items]
    owner, basket, at, item = (np.array(column) for column in zip(*flat, strict=True))
    return Lines(owner, basket, at.astype(float), item, None, dated)


def known() -> Baskets:
    past, _, _ = baskets_of(lines())
    return past


def table(*rows: list[int]):
    found = np.zeros((len(rows), 6), np.float32)
    for row, items in enumerate(rows):
        found[row, items] = 1
    return sp.csr_matrix(found)


def test_a_basket_is_given_to_a_half_and_at_most_five_items():
    some = table([0, 1, 2, 3], [0, 1, 2, 3, 4])
    carts, rest = halved(some, np.random.default_rng(1))
    assert carts.sum(axis=1).ravel().tolist() == [[2, 2]]
    assert (carts + rest != some).nnz == 0


def test_unknown_items_make_a_basket_smaller():
    kept = questions(table([0, 1, 2, 3], [0, 1, 2, 5]), np.array([1, 1, 1, 1, 0, 0]))
    assert kept.toarray().tolist() == [[1, 1, 1, 1, 0, 0]]


@pytest.mark.parametrize("source", [CartNear("cosine"), CartNear("bm25"), CartNear("rule"), CartEase(1.0)])
def test_what_was_bought_together_goes_together(source):
    scores = source.fit(table([0, 1], [0, 1], [2, 3], [4, 3], [5, 2])).score(table([0])).toarray()[0]
    assert scores.argmax() == 1
    assert scores[0] <= 0


def test_popularity_of_the_newest_baskets():
    scores = CartPopularity(0.5).fit(table([0], [0], [1], [1, 2])).score(table([3])).toarray()[0]
    assert scores.tolist() == [0, 2, 1, 0, 0, 0]


def test_what_is_in_the_basket_is_not_named():
    assert without(table([0, 1, 2]), table([1]).tocoo()).toarray().tolist() == [[1, 0, 1, 0, 0, 0]]


def test_a_cart_is_learned_from_what_was_known_before_it():
    past = known()
    asked = list(cuts(past))
    assert len(asked) == 5
    for before, later in asked:
        assert before.at.max() < past.at.max()
        assert len(before.at) < len(past.at)
        assert (np.diff(later.indptr) >= 4).all()


def test_without_dates_members_are_either_known_or_asked():
    past = known()
    undated = Baskets(past.owner, past.at, past.lines, past.members, False, past.price)
    for before, _ in cuts(undated):
        assert len(np.unique(before.owner)) < past.members
    one = split(lines(dated=False), None, None)
    assert one.past.members < past.members


def test_another_rest_changes_no_feature():
    past = known()
    before, later = next(cuts(past))
    state = CartState(before)
    carts, _ = halved(later, np.random.default_rng(1))
    one = state.candidates(carts)
    other = CartState(before).candidates(carts.copy())
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    row, item, _ = one
    assert not np.asarray(carts[row, item]).any()


def test_one_day_teaches_nothing_and_neighbours_answer():
    past = known()
    day = past.where(np.arange(len(past.at)) % 9 == 0)
    one = Baskets(day.owner, np.ones(len(day.at)), day.lines, day.members, True, day.price)
    model = CartModel().fit(one)
    assert not model.learned
    carts, _ = halved(questions(one.lines, np.ones(one.items)), np.random.default_rng(1))
    assert (model.lists(carts, 20)[:, 0] >= 0).all()


def test_later_baskets_change_nothing_that_is_known():
    rows = lines()
    late = rows.at >= 90
    swapped = rows.item.copy()
    swapped[late] = np.random.default_rng(3).permutation(swapped[late])
    other = Lines(rows.owner, rows.basket, rows.at, swapped, None, True)
    one, two = split(rows, 90, None).past, split(other, 90, None).past
    assert (one.lines != two.lines).nnz == 0
