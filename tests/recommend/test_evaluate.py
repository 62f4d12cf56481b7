"""The command from a file to its rows, and that nothing after the cut reaches what is learned."""

from __future__ import annotations

import json

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from recommend.__main__ import main
from recommend.evaluate.basket import split
from recommend.histories import Lines
from recommend.train.basket import BasketModel, cuts
from tests.recommend import behaving

FIGURES = {"ndcg@10", "recall@10", "recall@20", "mrr@20", "repeat_recall@20", "explore_recall@20", "coverage@20"}
COSTS = {"fit_s", "p50_ms", "p99_ms", "rss_mb"}


def run(tmp_path, *words: str) -> dict[str, dict]:
    out = tmp_path / "out.json"
    assert main(["evaluate", *words, "--json", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    for row in rows:
        assert row.keys() >= FIGURES | COSTS | {"model"}
    return {row["model"]: row for row in rows}


@pytest.fixture(autouse=True)
def one_thread():
    """Small trees on several threads of a busy machine mostly wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("write", [behaving.write_tickets, behaving.write_invoices, behaving.write_lists])
def test_next_baskets(tmp_path, write):
    path = write(tmp_path / "baskets", behaving.baskets(members=14))
    rows = run(tmp_path, "--task", "basket", "--data", str(path))
    assert rows["tongdian"]["ndcg@10"] > rows["popularity"]["ndcg@10"]
    assert rows["P-TopFreq"]["explore_recall@20"] == 0
    assert rows["tongdian"]["against"] in rows
    assert len(rows["tongdian"]["ndcg@10_gain"]) == 3


@pytest.mark.parametrize("words", [("--task", "basket", "--cut", "soon"), ("--task", "basket", "--cut", "2031-01-01")])
def test_what_cannot_be_measured_is_said(tmp_path, capsys, words):
    path = behaving.write_invoices(tmp_path / "baskets", behaving.baskets(members=9))
    out = tmp_path / "out.json"
    assert main(["evaluate", *words, "--data", str(path), "--json", str(out)]) == 2
    assert capsys.readouterr().err.strip()
    assert not out.exists()


def test_a_file_of_another_task_is_refused(tmp_path, capsys):
    visits = behaving.sessions(many=40)
    path = behaving.write_sessions(tmp_path / "visits", visits[:30], visits[30:])
    assert main(["evaluate", "--task", "basket", "--data", str(path)]) == 2
    assert "sessions" in capsys.readouterr().err


def test_the_next_item_of_a_visit(tmp_path):
    visits = behaving.sessions(many=700)
    path = behaving.write_sessions(tmp_path / "visits", visits[:640], visits[640:])
    rows = run(tmp_path, "--task", "session", "--data", str(path))
    assert rows["tongdian"]["recall@20"] > rows["popularity"]["recall@20"]
    assert rows["tongdian"]["mrr@20"] > rows["popularity"]["mrr@20"]
    assert rows["tongdian"]["against"] in rows


def test_a_visit_of_unknown_items_is_asked_and_missed(tmp_path, capsys):
    visits = behaving.sessions(many=120)
    strange = [["x1", "x2", "x3"], ["x4", "i1"]]
    path = behaving.write_sessions(tmp_path / "visits", visits, strange)
    rows = run(tmp_path, "--task", "session", "--cut", "2026-01-01", "--data", str(path))
    assert "change nothing" in capsys.readouterr().err
    assert rows["tongdian"]["questions"] == 3
    assert rows["tongdian"]["recall@20"] == 0


@pytest.mark.parametrize("column", ["ts", "mmdd"])
def test_what_is_bought_within_days(tmp_path, column):
    path = behaving.write_events(tmp_path / "events", behaving.events(members=200), column)
    rows = run(tmp_path, "--task", "intent", "--data", str(path))
    assert rows["tongdian"]["ndcg@10"] > rows["popularity"]["ndcg@10"]
    assert rows["tongdian"]["against"] in rows


def test_a_cut_after_all_purchases_is_said(tmp_path, capsys):
    path = behaving.write_events(tmp_path / "events", behaving.events(members=20))
    assert main(["evaluate", "--task", "intent", "--cut", "2031-01-01", "--data", str(path)]) == 2
    assert "not within" in capsys.readouterr().err


@pytest.mark.parametrize("write", [behaving.write_tickets, behaving.write_lists])
def test_the_rest_of_a_basket(tmp_path, write):
    path = write(tmp_path / "baskets", behaving.baskets(members=60))
    rows = run(tmp_path, "--task", "addon", "--data", str(path))
    assert rows["tongdian"]["recall@20"] > rows["popularity"]["recall@20"]
    assert rows["tongdian"]["against"] in rows


def test_baskets_too_small_to_be_asked_about_are_said(tmp_path, capsys):
    small = [(owner, day, items[:2]) for owner, day, items in behaving.baskets(members=9)]
    path = behaving.write_tickets(tmp_path / "baskets", small)
    assert main(["evaluate", "--task", "addon", "--data", str(path)]) == 2
    assert "four items" in capsys.readouterr().err


@pytest.mark.parametrize("closed", [[["i1", "i2"]] * 5, [[], []]])
def test_too_few_visits_to_learn_from_are_said(tmp_path, capsys, closed):
    path = behaving.write_sessions(tmp_path / "visits", closed, [["i1", "i2"]])
    assert main(["evaluate", "--task", "session", "--data", str(path)]) == 2
    assert "sessions" in capsys.readouterr().err


def lines_of(rows: list[tuple[str, int, list[str]]]) -> Lines:
    flat = [(owner, str(n), day, item) for n, (owner, day, items) in enumerate(rows) for item in items]
    owner, basket, at, item = (np.array(column) for column in zip(*flat, strict=True))
    return Lines(owner, basket, at.astype(float), item, None, dated=True)


def test_another_future_changes_neither_a_feature_nor_a_fit():
    rows = behaving.baskets()
    chance = np.random.default_rng(3)
    future = [row for row in rows if row[1] >= 90]
    others = chance.permutation(len(future))
    swapped = [(owner, day, future[n][2]) for (owner, day, _), n in zip(future, others, strict=True)]
    answers = []
    for after in (future, swapped):
        known = split(lines_of([row for row in rows if row[1] < 90] + after), 90, None)
        model = BasketModel(known.horizon).fit(known.past, known.at)
        row, item, features = model.state.candidates(known.members)
        answers.append((row, item, features, *model.ranker.best(row, features)))
    for mine, theirs in zip(*answers, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_cut_is_learned_from_what_was_known_before_it():
    known = split(lines_of(behaving.baskets()), 90, None)
    asked = list(cuts(known.past, known.at, known.horizon))
    assert len(asked) >= 4
    for question in asked:
        assert question.past.at.max() < question.at < known.at
        assert len(question.members) == question.bought.shape[0] > 0
        assert (question.past.each[question.members] > 0).all()
