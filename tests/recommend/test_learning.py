"""The night's run on made-up people: the guard judges the trees, and both ways make lists with true reasons."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from recommend import learning, lists
from recommend.evaluate.basket import split
from recommend.learning import Judged
from tests.recommend.behaving import baskets

DAYS = 120


def _line(order, member, at, product):
    return SimpleNamespace(store_id=1, id=order, member_id=member, paid_at=at, product_id=product)


def _rows(now, members=520, until=DAYS):
    rows = []
    for number, (member, day, items) in enumerate(baskets(members=members, days=DAYS)):
        if day < until:
            at = now - timedelta(days=DAYS - day) + timedelta(hours=1)
            rows += [_line(number, int(member[1:]) + 1, at, int(item[1:]) + 1) for item in items]
    return sorted(rows, key=lambda row: row.paid_at)


def _true(member, named, had):
    """A reason cites only what the member bought."""
    assert (named.kind == "usual") == (named.product_id in had[member])
    if named.kind == "with":
        assert named.about in had[member]


@pytest.mark.usefixtures("clean")
def test_the_guard_judges_the_trees_and_every_reason_is_true(now, monkeypatch):
    rows = _rows(now)
    heard = []
    made = learning.learn(rows, now=now, told=lambda *step: heard.append(step))
    assert made.judged.questions >= 300 and made.judged.ndcg and made.judged.counting
    assert made.version.startswith("trees" if made.judged.learned_wins else "counting")
    assert [name for name, _ in heard] == ["judged", "members"]
    row = made.as_row()
    assert (row["asked"], row["ndcg"]) == (made.judged.questions, round(made.judged.ndcg * 1e6))

    had: dict[int, set[int]] = {row.member_id: set() for row in rows}
    for row in rows:
        had[row.member_id].add(row.product_id)
    for learned in (True, False):
        monkeypatch.setattr(
            learning, "judge", lambda _lines, wins=learned: Judged(9, 0.2, 0.1, 0.01 if wins else -0.01)
        )
        other = learning.learn(rows, now=now)
        assert other.version.startswith("trees" if learned else "counting")
        for member in (1, 2, 3):
            found = lists.find(store_id=1, member_id=member).member
            assert len({one.product_id for one in found}) == len(found) >= 20
            for one in found:
                _true(member, one, had)


def test_too_few_or_too_short_is_not_judged(now):
    lines = learning._lines(_rows(now, members=60), now)
    assert learning.judge(lines).ndcg is None
    assert learning.judge(lines.where(lines.at > -10)).questions == 0
    assert learning.judge(lines.where(lines.at < -8)).questions == 0


def test_a_week_before_which_nothing_can_be_learned_leaves_the_counting_rule(now):
    """Members whose last baskets all lie in the last week: no earlier moment has an answered question."""
    rows = [
        _line(member * 2 + n, member, now - timedelta(days=days), 1)
        for member in range(1, 400)
        for n, days in enumerate((70, 2))
    ]
    judged = learning.judge(learning._lines(sorted(rows, key=lambda row: row.paid_at), now))
    assert (judged.questions, judged.ndcg, judged.learned_wins) == (399, None, False)


def test_nothing_of_the_last_week_is_in_what_judges_it(now):
    """A future event never reaches a feature: what is learned before the week is the same whatever the week holds."""
    rows = _rows(now)
    week = now - timedelta(days=learning.WEEK_DAYS)
    before = [row for row in rows if row.paid_at < week]
    poison = [_line(10**6 + n, 1, now - timedelta(days=1), 77) for n in range(500)]
    clean, poisoned = (split(learning._lines(some, now), -learning.WEEK_DAYS, 0.0) for some in (rows, [*rows, *poison]))
    assert len(before) == clean.past.lines.sum() == poisoned.past.lines.sum()
    assert np.array_equal(clean.past.lines.toarray(), poisoned.past.lines.toarray())
