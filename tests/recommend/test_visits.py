"""What comes next in a visit: the counting rules by hand, and that no later look reaches a feature."""

from __future__ import annotations

import numpy as np
import pytest

from recommend.candidates.visits import Rules, SessionKnn, covisits, steps
from recommend.evaluate.readers import Sessions
from recommend.evaluate.session import split
from recommend.features.visits import VisitState
from recommend.train.visits import VisitModel, cuts
from recommend.visits import Visits, newest_first
from tests.recommend import behaving


def visits(*sessions: list[int], items: int = 6) -> Visits:
    return Visits.of([np.array(one, np.int64) for one in sessions], items)


def known(many: int = 300) -> Visits:
    numbers = [np.array([int(item[1:]) for item in one]) for one in behaving.sessions(many)]
    return Visits.of(numbers, behaving.ITEMS)


def test_sessions_lie_one_after_the_other():
    past = visits([3, 1], [], [2], [1, 1, 4])
    assert past.many == 3
    assert past.session.tolist() == [0, 0, 1, 2, 2, 2]
    assert past.place.tolist() == [0, 1, 0, 0, 1, 2]
    assert past.popular().tolist() == [0, 3, 1, 1, 1, 0]
    assert past.first(2).item.tolist() == [3, 1, 2]


def test_the_last_look_at_an_item_counts():
    items, back = newest_first(np.array([5, 2, 5, 3]), 20)
    assert items.tolist() == [3, 5, 2]
    assert back.tolist() == [0, 1, 2]


def test_steps_are_counted_within_a_session_and_for_one_over_their_number():
    table = steps(visits([0, 1, 2], [2, 0]), 10).toarray()
    assert table[0].tolist() == [0, 1, 0.5, 0, 0, 0]
    assert table[1].tolist() == [0, 0, 1, 0, 0, 0]
    assert table[2].tolist() == [1, 0, 0, 0, 0, 0]


def test_the_cosine_of_visits_that_held_both():
    table = covisits(visits([0, 1], [0, 1, 2], [0]), 10).toarray()
    assert table[0, 1] == pytest.approx(2 / np.sqrt(3 * 2))
    assert table[0, 0] == 0


def test_an_older_item_of_the_visit_counts_for_half():
    rules = Rules().fit(visits([0, 1], [2, 3]))
    items, scores = rules.after(np.array([0, 2]))
    assert dict(zip(items.tolist(), scores.tolist(), strict=True)) == {1: 0.5, 3: 1.0}


@pytest.mark.parametrize("stan", [True, False])
def test_similar_visits_name_what_they_held(stan):
    source = SessionKnn(stan=stan).fit(visits([0, 1, 2], [0, 3], [4, 5]))
    items, scores = source.after(np.array([1, 0]))
    of = dict(zip(items.tolist(), scores.tolist(), strict=True))
    assert set(of) == {0, 1, 2, 3}


def test_of_two_equal_visits_the_newer_counts_more_in_stan():
    source = SessionKnn(stan=True).fit(visits([0, 1], [0, 2]))
    items, scores = source.after(np.array([0]))
    of = dict(zip(items.tolist(), scores.tolist(), strict=True))
    assert of[2] > of[1] > 0


def test_cuts_ask_only_after_what_is_known():
    past = known()
    asked = list(cuts(past))
    assert len(asked) == 3
    for before, looks in asked:
        assert len(looks) > 0
        assert (past.session[looks] >= before.many).all()
        assert (past.place[looks] > 0).all()


def test_another_future_changes_no_feature():
    past = known()
    before, looks = next(cuts(past))
    chance = np.random.default_rng(5)
    tail = past.item[len(before.item) :]
    poisoned = Visits(np.concatenate([before.item, chance.permutation(tail)]), past.start, past.items)
    again, same_looks = next(cuts(poisoned))
    np.testing.assert_array_equal(looks, same_looks)
    one, other = VisitState(before), VisitState(again)
    for look in looks[:20]:
        seen = past.item[past.start[past.session[look]] : look]
        for mine, theirs in zip(one.candidates(seen), other.candidates(seen), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_neither_answers_nor_other_questions_reach_what_is_known():
    train = behaving.sessions(60)
    past, _, _ = split(Sessions(train, [["i1"], ["i1", "i2"]], ["i2", "i3"]))
    same, _, _ = split(Sessions(train, [["i7"]], ["i9"]))
    np.testing.assert_array_equal(past.item, same.item)


def test_visits_of_one_look_teach_nothing_and_similar_visits_answer():
    model = VisitModel().fit(visits(*[[0, 1, 2]] * 3, *[[3]] * 60))
    assert not model.learned
    assert set(model.lists([np.array([0])], 3)[0].tolist()) == {0, 1, 2}


def test_an_item_number_is_no_feature():
    past = known()
    chance = np.random.default_rng(5)
    other = chance.permutation(past.items)
    renamed = Visits(other[past.item], past.start, past.items)
    seen = past.item[past.start[7] : past.start[8]]
    items, features = VisitState(past).candidates(seen)
    others, renamed_features = VisitState(renamed).candidates(other[seen])
    shared = np.intersect1d(other[items], others)
    assert len(shared) > 0.8 * len(items)
    score = [0, 3, 6]  # STAN, V-SKNN and what came at once: their scores, where no tie is cut.
    place = {item: n for n, item in enumerate(others)}
    for n, item in enumerate(other[items]):
        if item in place:
            np.testing.assert_allclose(features[n, score], renamed_features[place[item], score], rtol=1e-4, atol=1e-6)
