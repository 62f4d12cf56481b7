from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from config.clock import month_end
from config.db import transaction
from member import adjustments, gifts, ledger, liability, points, terms
from member.gifts import AlreadySignedIn
from member.terms import Gift, Terms

BY = {"actor": "staff:1"}


@pytest.fixture(autouse=True)
def generous(monkeypatch, clean):
    made = replace(Terms(), gifts={"review": Gift(5, per_day=2), "sign_in": Gift(1, streak={3: 10})})
    monkeypatch.setattr(terms, "_stale", lambda: False)
    monkeypatch.setattr(terms._Known, "versions", [(datetime(2000, 1, 1, tzinfo=UTC), made)])


def test_a_day_is_signed_once_and_three_in_a_row_bring_more(session, do, everything, member, now):
    days = [do(gifts.sign_in, member, now=now + timedelta(days=d), **BY) for d in (0, 1, 2, 4)]
    assert [(day.points, day.streak) for day in days] == [(1, 1), (1, 2), (11, 3), (1, 1)]
    before = everything()
    with pytest.raises(AlreadySignedIn):
        do(gifts.sign_in, member, now=now + timedelta(days=4, hours=1), **BY)
    assert everything() == before


def _row(known):
    return known["signed"], known["streak"], [(one["n"], one["points"], one["done"]) for one in known["days"]]


def _known(session, member, at):
    known = gifts.sign_ins(session, member, now=at)
    session.rollback()
    assert known is not None
    return known


def test_the_row_shows_what_each_day_brings_as_signing_gives_it(session, do, member, now, monkeypatch):
    fresh = gifts.sign_ins(session, member, now=now)
    assert _row(fresh) == (False, 0, [(n, 11 if n % 3 == 0 else 1, False) for n in range(1, 8)])
    for day in range(5):
        then = now + timedelta(days=day)
        promised = next(one for one in _known(session, member, then)["days"] if one["today"])
        assert do(gifts.sign_in, member, now=then, **BY).points == promised["points"]
    after = gifts.sign_ins(session, member, now=now + timedelta(days=4))
    assert _row(after) == (True, 5, [(n, 11 if n % 3 == 0 else 1, n <= 5) for n in range(2, 9)])
    missed = _known(session, member, now + timedelta(days=6))
    assert (missed["signed"], missed["streak"], missed["days"][0]["today"]) == (False, 0, True)
    nothing = replace(Terms(), gifts={})
    monkeypatch.setattr(terms._Known, "versions", [(datetime(2000, 1, 1, tzinfo=UTC), nothing)])
    assert gifts.sign_ins(session, member, now=now) is None


def test_the_store_day_turns_at_four_in_the_morning(do, member, now):
    night = now.replace(hour=19, minute=59)  # 03:59 in Shanghai
    do(gifts.sign_in, member, now=night, **BY)
    assert do(gifts.sign_in, member, now=night + timedelta(minutes=1), **BY).streak == 2


def test_sixteen_sign_ins_at_once_are_one(session, open_session, member, now):
    def one(_):
        with open_session() as own, suppress(AlreadySignedIn), transaction(own):
            return gifts.sign_in(own, member, now=now, **BY).points
        return 0

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(one, range(16))) == 1
    assert points.balance(session, member).available == 1


def test_a_gift_comes_once_within_the_days_limit_and_can_be_taken_back(session, do, everything, member, now):
    given = [do(gifts.give, member, "review", ref, now=now, **BY) for ref in ("r1", "r1", "r2", "r3")]
    assert given == [5, 0, 5, 0]
    assert do(gifts.give, member, "profile", "p", now=now, **BY) == 0
    assert do(gifts.take_away, member, "review", "r1", now=now, **BY) == 5
    before = everything()
    assert do(gifts.take_away, member, "review", "r1", now=now, **BY) == 0
    assert do(gifts.take_away, member, "review", "r3", now=now, **BY) == 0
    assert everything() == before
    assert points.balance(session, member).available == 5
    assert ledger.differences(session) == []


def test_a_small_adjustment_needs_its_author_and_a_large_one_somebody_else(session, do, everything, member, now):
    assert do(adjustments.propose, member, 500, "till was down", now=now, **BY)[1] == "approved"
    number, state = do(adjustments.propose, member, -501, "rung up twice", now=now, **BY)
    assert (state, points.balance(session, member).available) == ("proposed", 500)
    before = everything()
    with pytest.raises(adjustments.OwnAdjustment):
        do(adjustments.decide, number, approve=True, now=now, **BY)
    with pytest.raises(points.PointsShort):
        do(adjustments.decide, number, approve=True, actor="staff:2", now=now)
    assert everything() == before
    do(points.earn, member, 1, source="g:1", key="g:1", pending=False, now=now, **BY)
    assert do(adjustments.decide, number, approve=True, actor="staff:2", now=now) == -501
    with pytest.raises(adjustments.AdjustmentDecided):
        do(adjustments.decide, number, approve=False, actor="staff:2", now=now)
    assert points.balance(session, member).available == 0
    assert ledger.differences(session) == []


def test_a_member_is_told_once_a_stage_of_the_sum_that_expires(session, do, member, now):
    expires = month_end(now, 12)
    for number in (1, 2):
        do(points.earn, member, 20, source=f"g:{number}", key=f"g:{number}", pending=False, now=now, **BY)
    told = [do(liability.tell_expiring, now=expires - timedelta(days=d)) for d in (40, 30, 29, 7, 3, 1, 0)]
    assert told == [0, 1, 0, 1, 0, 1, 0]
    facts = session.execute(text("SELECT data FROM journal WHERE kind = 'points.expiring' ORDER BY id")).scalars().all()
    assert [(fact["days"], fact["points"]) for fact in facts] == [(30, 40), (7, 40), (1, 40)]


def test_the_liability_is_what_remains_by_month_of_issue_less_expected_breakage(session, do, member, now):
    do(points.earn, member, 300, source="g:1", key="g:1", pending=False, now=now - timedelta(days=40), **BY)
    do(points.earn, member, 200, source="g:2", key="g:2", pending=True, now=now, **BY)
    do(points.spend, member, 100, source="o:1", now=now, **BY)
    found = liability.by_issue_month(session, now=now)
    assert [(row["issued"], row["remaining"], row["pending"], row["fair_value_fen"]) for row in found] == [
        ("2026-10", 200, 0, 180),
        ("2026-11", 200, 200, 180),
    ]
