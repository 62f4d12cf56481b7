from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config import journal
from config.db import transaction


def test_a_row_is_offered_until_its_effect_is_done(session, now):
    with transaction(session):
        journal.record(session, "order.sold", "order:1", actor="t", now=now)
    with transaction(session):
        first = journal.lease(session, ["order.sold"], now=now, most=10)
        assert journal.lease(session, ["order.sold"], now=now, most=10) == []
    later = now + journal.LEASE + timedelta(seconds=1)
    with transaction(session):
        assert journal.lease(session, ["order.sold"], now=later, most=10) == first
        rows = journal.take(session, [row_id for row_id, _ in first])
        journal.finish(session, [row.id for row in rows], now=later)
    assert journal.lease(session, ["order.sold"], now=later + timedelta(days=1), most=10) == []


@pytest.mark.parametrize("without", [(), ("hashjoin", "mergejoin", "hashagg", "sort", "material")])
def test_two_relays_never_lease_one_row_twice(open_session, session, now, without):
    """Nor more than they asked for, by whatever plan the statement is run."""
    with transaction(session):
        for number in range(4):
            journal.record(session, "a", f"order:{number}", actor="t", now=now)
    session.execute(text("ANALYZE journal"))
    with open_session() as other:
        for join in without:
            session.execute(text(f"SET enable_{join} = off"))
        mine = journal.lease(session, ["a"], now=now, most=2)
        theirs = journal.lease(other, ["a"], now=now, most=4)
        session.execute(text("RESET ALL"))
        assert {row for row, _ in mine} & {row for row, _ in theirs} == set()
        assert len(theirs) == 2


def test_facts_without_an_effect_leave_the_open_index(session, now):
    with transaction(session):
        journal.record(session, "shift.opened", "shift:1", actor="t", now=now)
        journal.record(session, "order.sold", "order:1", actor="t", now=now)
        assert journal.close_without_effect(session, ["order.sold"]) == 1
        assert [kind for _, kind in journal.lease(session, ["order.sold", "shift.opened"], now=now, most=9)] == [
            "order.sold"
        ]


def test_a_row_another_consumer_holds_is_skipped(open_session, session, now):
    with transaction(session):
        journal.record(session, "a", "order:1", actor="t", now=now)
    ids = [row_id for row_id, _ in journal.lease(session, ["a"], now=now, most=1)]
    with open_session() as other, transaction(session):
        assert len(journal.take(session, ids)) == 1
        assert journal.take(other, ids) == []
