"""What members will buy: the plain rules by hand, the guard, and that nothing later reaches a feature."""

from __future__ import annotations

import numpy as np

from recommend.candidates.wants import Pending, PendingFirst, PopularWants, WantKnn
from recommend.evaluate.intent import split
from recommend.evaluate.readers import KINDS, Events
from recommend.train.wants import WantModel, WantState, cuts
from recommend.wants import BUY, CART, FAVOURITE, Wants
from tests.recommend import behaving


def wants(*rows: tuple[int, int, int, float], now: float = 10.0) -> Wants:
    member, item, kind, at = (np.array(column) for column in zip(*rows, strict=True))
    return Wants(member, item, kind, at.astype(float), int(member.max()) + 1, 6, now, 1.0)


def events(seed: int = 7) -> Events:
    member, item, kind, at = zip(*behaving.events(members=200, seed=seed), strict=True)
    days = np.array(at, float) / 86400
    return Events(np.array(member), np.array(item), np.array([KINDS[one] for one in kind]), days, clock=True)


def middle(some: Events) -> float:
    return float(np.floor(some.at.min()) + 7)


def test_what_is_pending_comes_newest_first_and_without_what_was_bought():
    past = wants((0, 1, CART, 9.0), (0, 2, CART, 5.0), (0, 3, CART, 9.5), (0, 3, BUY, 9.8), (0, 4, FAVOURITE, 9.0))
    scores = Pending().fit(past).score(np.array([0])).toarray()[0]
    assert scores[3] == 0
    assert scores[1] > scores[4] > scores[2] > 0


def test_what_goes_with_it_comes_after_what_is_pending():
    past = wants((0, 1, CART, 9.0), (1, 1, BUY, 8.0), (1, 2, BUY, 8.0), (2, 5, CART, 3.0))
    scores = PendingFirst().fit(past).score(np.array([0])).toarray()[0]
    assert scores[1] > scores[2] > 0
    assert scores[5] == 0


def test_an_older_want_counts_less_among_neighbours():
    past = wants(
        (0, 1, CART, 9.0), (0, 2, CART, 2.0), (1, 1, BUY, 8.0), (1, 3, BUY, 8.0), (2, 2, BUY, 8.0), (2, 4, BUY, 8.0)
    )
    scores = WantKnn().fit(past).score(np.array([0])).toarray()[0]
    assert scores[3] > scores[4] > 0


def test_popularity_of_purchases_and_of_the_newest_days():
    past = wants((0, 1, BUY, 1.0), (1, 1, BUY, 1.0), (1, 2, CART, 9.5))
    assert PopularWants().fit(past).score(np.array([0])).toarray()[0].tolist() == [0, 2, 0, 0, 0, 0]
    assert PopularWants(2).fit(past).score(np.array([0])).toarray()[0].tolist() == [0, 0, 1, 0, 0, 0]


def test_questions_are_asked_of_what_was_known_before():
    some = events()
    past = split(some, middle(some), None).past
    asked = list(cuts(past))
    assert len(asked) >= 2
    for question in asked:
        assert question.past.at.max() < question.past.now < past.now
        assert len(question.members) == question.bought.shape[0] > 0
        assert (np.diff(question.bought.indptr) > 0).all()


def test_another_future_changes_neither_a_feature_nor_a_list():
    some = events()
    cut = middle(some)
    late = np.flatnonzero(some.at >= cut)
    item = some.item.copy()
    item[late] = np.random.default_rng(3).permutation(item[late])
    answers = []
    for one in (some, Events(some.member, item, some.kind, some.at, clock=True)):
        past = split(one, cut, None).past
        members = np.arange(40)
        answers.append((*WantState(past).candidates(members), WantModel(guarded=False).fit(past).lists(members, 20)))
    for mine, theirs in zip(*answers, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_purchase_of_what_was_touched_is_told_from_a_new_one():
    days = np.array([1.0, 1.0, 8.0, 8.5, 8.5, 9.0])
    some = Events(
        np.array(["a", "b", "a", "a", "stranger", "b"]),
        np.array(["x", "y", "x", "y", "x", "unheard"]),
        np.array([CART, BUY, BUY, BUY, BUY, BUY]),
        days,
        clock=True,
    )
    known = split(some, 5.0, None)
    assert known.truth.questions == 2
    assert known.truth.repeat.tolist() == [True, False, False]
    assert known.truth.item[2] >= known.past.items


def test_the_rule_serves_while_there_is_nothing_to_learn_from():
    past = wants((0, 1, CART, 9.0), (0, 2, CART, 9.5), (1, 1, BUY, 9.0))
    model = WantModel().fit(past)
    assert model.rule is not None
    assert model.lists(np.array([0]), 20)[0, :2].tolist() == [2, 1]


def test_a_list_names_each_item_once():
    some = events()
    past = split(some, middle(some), None).past
    lists = WantModel(guarded=False).fit(past).lists(np.arange(20), 20)
    assert (lists[:, 0] >= 0).all()
    for row in lists:
        named = row[row >= 0]
        assert len(np.unique(named)) == len(named)


def test_the_guard_compares_both_in_the_newest_days():
    some = events()
    past = split(some, middle(some), None).past
    model = WantModel()
    lost = model.loses(past)
    learned, rule = model.guard
    assert 0 < learned <= 1
    assert 0 < rule <= 1
    assert lost is (learned <= rule)
