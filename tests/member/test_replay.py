"""Entries and consumptions alone make the lots as they are stored."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from member import ledger, lots, points
from member.replay import Impossible, Kept, replayed

BY = {"actor": "t"}


def agrees(session, member):
    session.rollback()
    assert lots.replay(session, member, "points") == lots.stored(session, member, "points")
    assert ledger.differences(session) == []


def step(member, event, key, now, source="hand:1"):
    return ledger.Step(member, "points", event, source, key, "t", now)


def test_every_word_of_the_ledger_replays(session, do, member, now):
    order = {"source": "order:1", "now": now, **BY}
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now - timedelta(days=370), **BY)
    do(points.earn, member, 40, key="order:1:earn", pending=True, **order)
    do(points.confirm, member, **order)
    do(points.hold, member, 30, source="order:2", now=now - timedelta(days=1), **BY)
    do(points.spend, member, 60, source="order:3", now=now - timedelta(days=1), **BY)
    do(points.claw, member, 40, key="return:1:claw", **order)
    do(points.expire_due, now=now + timedelta(days=30), most=10)
    do(points.release, member, source="order:2", now=now + timedelta(days=60), **BY)
    do(points.reinstate, member, 25, source="order:3", key="b", now=now + timedelta(days=61), **BY)
    do(points.earn, member, 60, source="gift:2", key="gift:2", pending=True, now=now, **BY)
    do(lots.void, step(member, "void", "gift:2:void", now, "gift:2"))
    do(lots.adjust, step(member, "adjust", "hand:1", now), 50, expires_at=None)
    do(lots.adjust, step(member, "adjust", "hand:2", now), -20, expires_at=None)
    agrees(session, member)


def test_a_voided_promise_is_gone_once(session, do, member, now):
    do(points.earn, member, 60, source="gift:2", key="gift:2", pending=True, now=now, **BY)
    void = step(member, "void", "gift:2:void", now, "gift:2")
    assert (do(lots.void, void), do(lots.void, void)) == (60, 0)
    told = points.balance(session, member)
    assert (told.available, told.pending) == (0, 0)
    assert do(points.confirm, member, source="gift:2", now=now, **BY) == 0
    agrees(session, member)


def test_an_adjustment_up_makes_a_debt_good_first(session, do, member, now):
    do(points.claw, member, 40, source="order:1", key="return:1", now=now, **BY)
    assert do(lots.adjust, step(member, "adjust", "hand:1", now), 50, expires_at=None)
    assert not do(lots.adjust, step(member, "adjust", "hand:1", now), 50, expires_at=None)
    told = points.balance(session, member)
    assert (told.available, told.deficit) == (10, 0)
    agrees(session, member)


def test_an_adjustment_down_takes_no_more_than_there_is(session, do, everything, member, now):
    do(points.earn, member, 60, source="gift:2", key="gift:2", pending=False, now=now, **BY)
    before = everything()
    with pytest.raises(lots.Short):
        do(lots.adjust, step(member, "adjust", "hand:1", now), -61, expires_at=None)
    assert everything() == before


def test_a_lot_that_lies_differs_from_its_replay(session, do, member, now):
    do(points.earn, member, 60, source="gift:2", key="gift:2", pending=False, now=now, **BY)
    do(lambda s: s.execute(text("UPDATE lot SET remaining = 59")))
    assert lots.replay(session, member, "points") != lots.stored(session, member, "points")


def fact(**more):
    blank = {"quantity": 0, "pending": 0, "lots": [], "deltas": [], "settled": 0, "expires_at": None, "at": None}
    return SimpleNamespace(id=1, new_lot=None, used=[], used_quantities=[], **(blank | more))


def test_what_cannot_have_been_is_refused():
    born = fact(event="earn", quantity=5)
    born.new_lot = 7
    assert replayed([born]) == {7: Kept(5, 5, "available", None)}
    taken = fact(event="spend", quantity=-6)
    taken.used, taken.used_quantities = [7], [6]
    for facts in ([born, taken], [fact(event="confirm", lots=[8], deltas=[0])]):
        with pytest.raises(Impossible):
            replayed(facts)
    born.settled = 6
    with pytest.raises(Impossible):
        replayed([born])
