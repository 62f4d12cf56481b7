"""The figures against sums done by hand."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from recommend.evaluate.metrics import Truth, by_question, interval, summary


@pytest.fixture
def truth() -> Truth:
    """Question 0 bought 3 and 7 (had 7 before), question 1 bought 9, which no list can name."""
    return Truth(np.array([0, 0, 1]), np.array([3, 7, 9]), np.array([False, True, False]), 2)


def lists(*rows: list[int]) -> np.ndarray:
    return np.array([row + [-1] * (20 - len(row)) for row in rows])


def test_figures_of_each_question(truth):
    found = by_question(lists([5, 3, 1, 7], [0, 1]), truth)
    assert found["ndcg@10"] == pytest.approx([(1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3)), 0])
    assert found["recall@10"] == pytest.approx([1, 0])
    assert found["mrr@20"] == pytest.approx([1 / 2, 0])
    np.testing.assert_allclose(found["repeat_recall@20"], [1, np.nan])
    np.testing.assert_allclose(found["explore_recall@20"], [1, 0])


def test_the_eleventh_place_counts_for_twenty_only(truth):
    eleventh = [0, 1, 2, 4, 5, 6, 8, 10, 11, 12, 3]
    found = by_question(lists(eleventh, []), truth)
    assert (found["recall@10"][0], found["recall@20"][0], found["ndcg@10"][0]) == (0, 0.5, 0)
    assert found["mrr@20"][0] == pytest.approx(1 / 11)


def test_a_mean_leaves_out_the_questions_without_meaning(truth):
    found = summary(lists([7], [7]), truth, items=10)
    assert (found["repeat_recall@20"], found["explore_recall@20"], found["coverage@20"]) == (1, 0, 0.1)


def test_no_repeat_anywhere_is_no_figure():
    truth = Truth(np.array([0]), np.array([1]), np.array([False]), 1)
    assert summary(lists([1]), truth, items=5)["repeat_recall@20"] is None


def test_an_interval_holds_its_mean_and_knows_no_difference():
    better = np.linspace(0, 1, 50)
    mean, low, high = interval(better + 0.1, better)
    assert low == pytest.approx(0.1)
    assert high == pytest.approx(0.1)
    mean, low, high = interval(better, better[::-1])
    assert low < mean < high
