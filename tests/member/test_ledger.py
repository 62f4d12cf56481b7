"""The lot ledger under any sequence of steps (members-mall-orders.md 3.2, invariants)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from config.db import transaction
from member import identity, ledger, points
from member.ledger import LedgerKeyReused
from member.points import PointsShort

BY = {"actor": "t"}
STEPS = ("earn", "promise", "confirm", "hold", "post", "release", "spend", "claw", "reinstate", "expire")
WALK = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(1, 4), st.integers(1, 120), st.integers(0, 200)),
    min_size=5,
    max_size=25,
)


def _state(session, member):
    """All that a step of this member could move."""
    session.rollback()
    return [
        session.execute(text(f"SELECT t::text FROM {table} t WHERE member_id = :id ORDER BY 1"), {"id": member}).all()
        for table in ("lot_account", "lot", "lot_entry", "lot_consumption")
    ]


def _left(session, member, source):
    return sum(row.quantity for row in ledger.used_by(session, member, "points", source))


def _given_back(session, member, number, key, wanted, now):
    source = f"sale:{number}"
    with transaction(session):
        part = wanted or _left(session, member, source)
        return bool(part) and points.reinstate(session, member, part, source=source, key=key, now=now, **BY)


def _take(session, member, step, number, key, amount, now):
    """One step of the walk; the sources of holds, sales and earnings differ as orders do."""
    order = {"source": f"order:{number}", "now": now, **BY}
    held = {"source": f"hold:{number}", "now": now, **BY}
    with transaction(session):
        if step in ("earn", "promise"):
            return points.earn(session, member, amount, key=f"order:{number}:earn", pending=step == "promise", **order)
        if step == "confirm":
            return points.confirm(session, member, **order)
        if step == "hold":
            return points.hold(session, member, amount, **held)
        if step in ("post", "release"):
            return getattr(points, step)(session, member, **held)
        if step == "spend":
            return points.spend(session, member, amount, source=f"sale:{number}", now=now, **BY)
        if step == "claw":
            return points.claw(session, member, amount, key=key, **order)
        assert step == "expire"
        return points.expire_due(session, now=now, most=1000)


def _open_holds(session, member):
    return session.execute(
        text(
            "SELECT coalesce(-sum(h.quantity), 0)::bigint FROM lot_entry h WHERE h.member_id = :id AND h.event = 'hold'"
            " AND NOT EXISTS (SELECT FROM lot_entry s WHERE s.member_id = :id AND s.key = h.source || :tail)"
        ),
        {"id": member, "tail": ":settle"},
    ).scalar_one()


def _holds_true(session, member):
    assert ledger.differences(session) == []
    now = points.balance(session, member)
    assert min(now.available, now.pending, now.held, now.deficit) >= 0
    assert now.held == _open_holds(session, member)
    assert session.execute(text("SELECT count(*) FROM lot WHERE remaining NOT BETWEEN 0 AND initial")).scalar() == 0


def _walk_one(session, member, step, number, key, amount, now):
    """Take a step, and take it again: the repeat changes nothing, a refusal neither."""
    before = _state(session, member)
    part = 0
    if step == "reinstate":
        part = min(amount, _left(session, member, f"sale:{number}"))
        if not part:
            return
    for again in (False, True):
        try:
            if step == "reinstate":
                _given_back(session, member, number, key, part, now)
            else:
                _take(session, member, step, number, key, amount, now)
        except (PointsShort, LedgerKeyReused):
            assert _state(session, member) == before
            return
        after = _state(session, member)
        assert not again or after == before
        before = after


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(walk=WALK)
def test_any_sequence_of_steps_keeps_the_books_true(session, now, walk):
    with transaction(session):
        member = identity.by_openid(session, uuid.uuid4().hex, now=now, **BY)
    at = now
    for index, (step, number, amount, days) in enumerate(walk):
        at += timedelta(days=days)
        _walk_one(session, member, step, number, f"return:{index}", amount, at)
        _holds_true(session, member)


def test_earn_spend_and_refund_a_hundred_times_ends_where_it_began(session, do, member, now):
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    start = points.balance(session, member)
    for number in range(100):
        order = {"source": f"order:{number}", "now": now, **BY}
        do(points.spend, member, 70, **order)
        do(points.earn, member, 9, key=f"order:{number}:earn", pending=False, **order)
        do(points.reinstate, member, 70, key=f"return:{number}:back", **order)
        do(points.claw, member, 9, key=f"return:{number}:claw", **order)
    assert points.balance(session, member) == start
    assert ledger.differences(session) == []


KEYED: dict[str, Callable[[int], tuple[Any, int, dict[str, Any]]]] = {
    "earn": lambda n: (points.earn, n, {"key": "order:1:earn", "pending": False}),
    "promise": lambda n: (points.earn, n, {"key": "order:1:earn", "pending": True}),
    "hold": lambda n: (points.hold, n, {}),
    "spend": lambda n: (points.spend, n, {}),
    "claw": lambda n: (points.claw, n, {"key": "return:1:claw"}),
    "reinstate": lambda n: (points.reinstate, n, {"key": "return:1:back"}),
}


@pytest.mark.parametrize("step", KEYED)
@pytest.mark.parametrize("other", [7, 90, 9_000])
def test_a_key_used_again_with_other_content_is_refused(do, everything, member, now, step, other):
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    if step == "reinstate":
        do(points.spend, member, 100, source="order:1", now=now, **BY)
    work, first, more = KEYED[step](10)
    do(work, member, first, source="order:1", now=now, **BY, **more)
    before = everything()
    work, second, more = KEYED[step](other)
    with pytest.raises(LedgerKeyReused):
        do(work, member, second, source="order:1", now=now, **BY, **more)
    assert everything() == before


def test_a_key_of_an_earning_is_not_a_key_of_a_spending(do, everything, member, now):
    do(points.earn, member, 100, source="order:1", key="order:1:spend", pending=False, now=now, **BY)
    before = everything()
    with pytest.raises(LedgerKeyReused) as refused:
        do(points.spend, member, 100, source="order:1", now=now, **BY)
    assert (refused.value.facts, refused.value.status) == ({"key": "order:1:spend"}, 500)
    assert everything() == before


def test_what_was_released_is_not_posted(do, everything, member, now):
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    order = {"source": "order:1", "now": now, **BY}
    do(points.hold, member, 60, **order)
    assert do(points.release, member, **order)
    before = everything()
    with pytest.raises(LedgerKeyReused):
        do(points.post, member, **order)
    assert everything() == before


def test_what_was_posted_is_not_released(do, everything, member, now):
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    order = {"source": "order:1", "now": now, **BY}
    do(points.hold, member, 60, **order)
    assert do(points.post, member, **order)
    before = everything()
    assert not do(points.post, member, **order)
    assert not do(points.release, member, **order)
    assert everything() == before


def test_more_than_was_taken_is_never_given_back(do, everything, member, now):
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    order = {"source": "order:1", "now": now, **BY}
    do(points.spend, member, 60, **order)
    do(points.reinstate, member, 40, key="return:1:back", **order)
    before = everything()
    with pytest.raises(AssertionError, match="1 more"):
        do(points.reinstate, member, 21, key="return:2:back", **order)
    assert everything() == before


def test_a_seeded_fault_of_one_point_is_found(session, do, member, now):
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    assert ledger.differences(session) == []
    with transaction(session):
        session.execute(text("UPDATE lot SET remaining = remaining - 1"))
    found = points.check(session)
    assert [(row["member_id"], row["balance"], row["available"]) for row in found] == [(member, 100, 99)]


def test_the_table_itself_refuses_a_lot_below_nothing(do, everything, member, now):
    do(points.earn, member, 10, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    before = everything()
    with pytest.raises(Exception, match="ck_lot_remaining"):
        do(lambda session: session.execute(text("UPDATE lot SET remaining = -1")))
    assert everything() == before
