from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from config.clock import SHANGHAI, month_end
from member import ledger, points
from member.points import PointsShort

BY = {"actor": "t"}


def _lots(session):
    session.rollback()
    rows = session.execute(text("SELECT source, remaining, state, expires_at FROM lot ORDER BY id")).all()
    return {row.source: (row.remaining, row.state, row.expires_at) for row in rows}


def _left(session):
    return {source: lot[0] for source, lot in _lots(session).items()}


@pytest.fixture
def earn(do, member, now):
    """Earn under a source's own key."""

    def made(amount, source, *, at=now, pending=False):
        return do(points.earn, member, amount, source=source, key=f"{source}:earn", pending=pending, now=at, **BY)

    return made


def test_what_expires_first_is_spent_first(session, do, earn, member, now):
    earn(100, "young", at=now)
    earn(100, "old", at=now - timedelta(days=60))
    do(points.spend, member, 150, source="order:1", now=now, **BY)
    assert _left(session) == {"young": 50, "old": 0}


def test_of_two_that_expire_together_the_older_lot_is_spent_first(session, do, earn, member, now):
    earn(10, "first")
    earn(10, "second")
    do(points.spend, member, 11, source="order:1", now=now, **BY)
    assert _left(session) == {"first": 0, "second": 9}


@pytest.mark.parametrize(
    ("at", "expires"),
    [
        (datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 30, 16, 0, 0, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=SHANGHAI)),
        (datetime(2027, 2, 28, 4, 0, 0, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=SHANGHAI)),
    ],
)
def test_points_live_twelve_months_up_to_the_end_of_the_month_in_shanghai(session, earn, at, expires):
    earn(5, "order:1", at=at)
    assert _lots(session)["order:1"][2] == expires


def test_the_last_second_counts_and_the_next_does_not(session, do, earn, member, now):
    earn(30, "order:1")
    end = month_end(now, 12)
    do(points.spend, member, 10, source="order:2", now=end - timedelta(seconds=1), **BY)
    with pytest.raises(PointsShort) as refused:
        do(points.spend, member, 10, source="order:3", now=end, **BY)
    assert refused.value.facts == {"asked": 10, "available": 0}
    assert points.balance(session, member).available == 20


def test_expired_points_leave_once_and_only_what_is_left(session, do, earn, member, now):
    earn(30, "order:1")
    earn(7, "order:2", at=now + timedelta(days=40))
    do(points.spend, member, 10, source="order:3", now=now, **BY)
    end = month_end(now, 12)
    assert do(points.expire_due, now=end - timedelta(seconds=1), most=10) == 0
    assert do(points.expire_due, now=end, most=10) == 1
    assert do(points.expire_due, now=end, most=10) == 0
    assert _left(session) == {"order:1": 0, "order:2": 7}
    assert [row["points"] for row in points.history(session, member, most=1)] == [-20]
    assert points.check(session) == []


def test_what_expires_next_is_told_as_one_sum(session, earn, member, now):
    earn(30, "order:1")
    earn(7, "order:2", at=now + timedelta(days=1))
    earn(5, "order:3", at=now + timedelta(days=40))
    told = points.balance(session, member)
    assert (told.expiring, told.expiring_at, told.available) == (37, month_end(now, 12), 42)


def test_who_has_nothing_is_told_that_nothing_expires(session, member):
    told = points.balance(session, member)
    assert (told.available, told.expiring, told.expiring_at) == (0, 0, None)


def test_promised_points_are_not_spendable_until_they_are_confirmed(session, do, earn, member, now):
    earn(50, "order:1", pending=True)
    with pytest.raises(PointsShort) as refused:
        do(points.hold, member, 1, source="order:2", now=now, **BY)
    assert refused.value.facts == {"asked": 1, "available": 0}
    later = now + timedelta(days=31)
    assert do(points.confirm, member, source="order:1", now=later, **BY) == 50
    assert do(points.confirm, member, source="order:1", now=later, **BY) == 0
    assert _lots(session)["order:1"] == (50, "available", month_end(later, 12))


def test_points_come_back_into_their_own_lots_the_newest_expiry_first(session, do, earn, member, now):
    earn(100, "old", at=now - timedelta(days=60))
    earn(100, "young")
    order = {"source": "order:1", "now": now, **BY}
    do(points.spend, member, 150, **order)
    assert do(points.reinstate, member, 60, key="return:1", **order)
    assert _left(session) == {"old": 10, "young": 100}
    assert not do(points.reinstate, member, 60, key="return:1", **order)
    assert do(points.reinstate, member, 90, key="return:2", **order)
    assert _left(session) == {"old": 100, "young": 100}
    assert points.check(session) == []


def test_a_lot_that_expired_meanwhile_lives_thirty_days_more(session, do, earn, member, now):
    earn(100, "old", at=now - timedelta(days=360))
    do(points.spend, member, 100, source="order:1", now=now, **BY)
    late = now + timedelta(days=100)
    do(points.reinstate, member, 40, source="order:1", key="return:1", now=late, **BY)
    assert _lots(session)["old"] == (40, "available", late + timedelta(days=30))
    assert do(points.expire_due, now=late + timedelta(days=30), most=10) == 1
    later = late + timedelta(days=40)
    do(points.reinstate, member, 60, source="order:1", key="return:2", now=later, **BY)
    assert do(points.expire_due, now=later + timedelta(days=30), most=10) == 1
    assert _left(session) == {"old": 0}
    assert points.check(session) == []


def test_a_lot_that_lives_keeps_its_own_end(session, do, earn, member, now):
    earn(100, "order:9")
    do(points.spend, member, 100, source="order:1", now=now, **BY)
    do(points.reinstate, member, 100, source="order:1", key="return:1", now=now + timedelta(days=50), **BY)
    assert _lots(session)["order:9"][2] == month_end(now, 12)


def test_a_lot_that_expired_while_it_was_held_gets_three_days(session, do, earn, member, now):
    earn(100, "old", at=now - timedelta(days=360))
    do(points.hold, member, 100, source="order:1", now=now, **BY)
    late = now + timedelta(days=100)
    assert do(points.release, member, source="order:1", now=late, **BY)
    assert _lots(session)["old"] == (100, "available", late + timedelta(days=3))
    assert not do(points.release, member, source="order:1", now=late, **BY)


def test_an_order_that_held_nothing_posts_and_releases_nothing(do, everything, member, now):
    before = everything()
    assert not do(points.post, member, source="order:1", now=now, **BY)
    assert not do(points.release, member, source="order:1", now=now, **BY)
    assert do(points.confirm, member, source="order:1", now=now, **BY) == 0
    assert everything() == before


def test_a_hold_repeated_with_too_little_left_is_still_the_first_hold(do, earn, everything, member, now):
    earn(100, "order:9")
    assert do(points.hold, member, 80, source="order:1", now=now, **BY)
    before = everything()
    assert not do(points.hold, member, 80, source="order:1", now=now, **BY)
    assert everything() == before


@pytest.mark.parametrize(
    ("earned", "others", "spent", "clawed", "owed", "left"),
    [
        (50, 30, 0, 20, 0, {"order:1": 30, "gift": 30}),  # its own lot first
        (50, 30, 0, 70, 0, {"order:1": 0, "gift": 10}),  # then the others
        (50, 30, 80, 50, 50, {"order:1": 0, "gift": 0}),  # the rest is owed
    ],
)
def test_clawing_takes_its_own_lot_then_others_and_owes_the_rest(
    session, do, earn, member, now, earned, others, spent, clawed, owed, left
):
    earn(others, "gift", at=now - timedelta(days=60))
    earn(earned, "order:1")
    if spent:
        do(points.spend, member, spent, source="order:2", now=now, **BY)
    assert do(points.claw, member, clawed, source="order:1", key="return:1", now=now, **BY) == owed
    assert _left(session) == left
    assert points.balance(session, member).deficit == owed
    assert points.check(session) == []


def test_clawing_takes_what_is_still_on_its_way_first(session, do, earn, member, now):
    earn(30, "gift")
    earn(20, "order:1", pending=True)
    assert do(points.claw, member, 25, source="order:1", key="return:1", now=now, **BY) == 0
    told = points.balance(session, member)
    assert (told.available, told.pending, told.deficit) == (25, 0, 0)
    assert do(points.confirm, member, source="order:1", now=now, **BY) == 0


@pytest.mark.parametrize("how", ["earn", "confirm", "reinstate", "release"])
@pytest.mark.parametrize(("credit", "available", "owed"), [(30, 0, 10), (40, 0, 0), (100, 60, 0)])
def test_a_deficit_is_made_good_by_whatever_comes_next(session, do, earn, member, now, how, credit, available, owed):
    earn(200, "gift")
    if how == "release":
        do(points.hold, member, credit, source="order:3", now=now, **BY)
    if how == "reinstate":
        do(points.spend, member, credit, source="order:3", now=now, **BY)
    if how == "confirm":
        earn(credit, "order:3", pending=True)
    do(points.spend, member, points.balance(session, member).available, source="order:2", now=now, **BY)
    assert do(points.claw, member, 40, source="order:1", key="return:1", now=now, **BY) == 40
    order = {"source": "order:3", "now": now, **BY}
    if how == "earn":
        earn(credit, "order:3")
    elif how == "reinstate":
        do(points.reinstate, member, credit, key="return:2", **order)
    else:
        do(getattr(points, how), member, **order)
    told = points.balance(session, member)
    assert (told.available, told.deficit, told.held, told.pending) == (available, owed, 0, 0)
    assert ledger.differences(session) == []


def test_who_owes_cannot_spend(do, everything, member, now):
    do(points.claw, member, 40, source="order:1", key="return:1", now=now, **BY)
    before = everything()
    with pytest.raises(PointsShort):
        do(points.spend, member, 1, source="order:2", now=now, **BY)
    assert everything() == before


def test_the_history_is_newest_first_and_a_post_is_no_line_of_it(session, do, earn, member, now):
    earn(100, "gift")
    do(points.hold, member, 30, source="order:1", now=now, **BY)
    do(points.post, member, source="order:1", now=now, **BY)
    earn(7, "order:1", pending=True)
    told = points.history(session, member, most=50)
    assert [(row["event"], row["points"], row["state"]) for row in told] == [
        ("earn", 7, "pending"),
        ("hold", -30, "done"),
        ("earn", 100, "done"),
    ]
    assert told[0]["at"] == now.isoformat()
    assert [row["source"] for row in points.history(session, member, most=2)] == ["order:1", "order:1"]


@pytest.mark.parametrize("step", [points.hold, points.spend])
def test_nothing_is_not_a_quantity(do, everything, member, now, step):
    before = everything()
    with pytest.raises(AssertionError):
        do(step, member, 0, source="order:1", now=now, **BY)
    assert everything() == before
