from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from config.db import transaction
from config.errors import NotFound
from trade.exceptions import cases, read
from trade.exceptions.kinds import KINDS
from wsgi import create_app


def rows_of(session):
    session.rollback()
    return session.execute(text("SELECT * FROM exception_case ORDER BY id")).all()


def told(session):
    session.rollback()
    found = text("SELECT kind, subject, actor, data FROM journal WHERE subject LIKE 'exception:%' ORDER BY id")
    return [(row.kind, row.subject, row.actor) for row in session.execute(found)]


def put(session, subject="order:1:12", kind="refund_failed", *, now, **more):
    with transaction(session):
        return cases.open(session, kind, subject, money_fen=more.pop("money_fen", 990), facts={}, now=now, **more)


def test_what_is_seen_again_is_the_same_case_with_the_newest_figures(session, now):
    first = put(session, store_id=1, order_id=12, now=now)
    with transaction(session):
        cases.take(session, first, actor="staff:4", now=now)
    later = now + timedelta(minutes=9)
    assert put(session, money_fen=1_990, store_id=1, order_id=12, cause="not_enough", now=later) == first
    (row,) = rows_of(session)
    assert (row.money_fen, row.at_stake, row.unit, row.cause) == (1_990, 1_990, "fen", "not_enough")
    assert (row.opened_at, row.seen_at, row.due_at) == (now, later, now + KINDS["refund_failed"].due)
    assert (row.owner, row.at_store_id, row.next_try_at) == ("staff:4", 1, later + timedelta(minutes=10))
    assert [fact for fact, *_ in told(session)] == ["exception.opened", "exception.taken"]


def test_a_case_of_another_unit_keeps_both_figures(session, now):
    put(session, "level:1:7", "stock_broken", money_fen=450, at_stake=3, store_id=1, now=now)
    (row,) = rows_of(session)
    assert (row.money_fen, row.at_stake, row.unit, row.next_try_at) == (450, 3, "units", None)


def test_a_fault_that_is_gone_closes_itself_and_comes_back_as_another_case(session, now):
    first = put(session, now=now)
    with transaction(session):
        assert cases.clear(session, "refund_failed", "order:1:12", now=now, note="sent") is True
        assert cases.clear(session, "refund_failed", "order:1:12", now=now) is False
        assert cases.plan_next_try(session, "refund_failed", "order:1:12", at=now, now=now) == 0
    assert put(session, now=now) != first
    assert [(row.resolver, row.note, row.next_try_at is None) for row in rows_of(session)] == [
        ("system", "sent", True),
        (None, "", False),
    ]


def test_failed_tries_are_counted_until_none_is_left(session, now):
    put(session, now=now)
    with transaction(session):
        assert cases.plan_next_try(session, "refund_failed", "order:1:12", at=now + timedelta(hours=1), now=now) == 1
        assert cases.plan_next_try(session, "refund_failed", "order:1:12", at=None, now=now) == 2
    assert [(row.tries, row.next_try_at) for row in rows_of(session)] == [(2, None)]


def test_a_proof_opens_and_clears_within_its_scope_alone(session, now):
    with transaction(session):
        found = [{"subject": "stock a", "at_stake": 2}, {"subject": "stock b", "money_fen": 5, "unit": "fen"}]
        assert cases.settle(session, "book_differs", "stock ", found, now=now) == (2, 0)
        assert cases.settle(session, "book_differs", "orders ", [{"subject": "orders a"}], now=now) == (1, 0)
        assert cases.settle(session, "book_differs", "stock ", found[:1], whole=False, now=now) == (0, 0)
        assert cases.settle(session, "book_differs", "stock ", found[:1], now=now) == (0, 1)
    assert [row["subject"] for row in read.still_open(session)] == ["stock a", "orders a"]


def test_somebody_answers_for_a_case_notes_and_closes_it_once(session, now):
    case = put(session, now=now)
    with transaction(session):
        cases.take(session, case, actor="staff:1", now=now)
        cases.note(session, case, "the bank is asked", actor="staff:1", now=now)
    with pytest.raises(cases.ExceptionTaken) as taken, transaction(session):
        cases.take(session, case, actor="staff:2", now=now)
    assert taken.value.facts["by"] == "staff:1"
    with transaction(session):
        cases.take(session, case, over=True, actor="staff:2", now=now)
        cases.resolve(session, case, "paid by hand", actor="staff:2", now=now)
    before, journal = rows_of(session), told(session)
    for again in (
        lambda: cases.take(session, case, over=True, actor="staff:3", now=now),
        lambda: cases.resolve(session, case, "no", actor="staff:3", now=now),
    ):
        with pytest.raises(cases.ExceptionClosed), transaction(session):
            again()
    with pytest.raises(NotFound), transaction(session):
        cases.resolve(session, 99, "no", actor="staff:3", now=now)
    assert (rows_of(session), told(session)) == (before, journal)
    assert (before[0].owner, before[0].resolver, before[0].note) == ("staff:2", "staff:2", "paid by hand")
    assert [fact for fact, *_ in journal] == [
        "exception.opened",
        "exception.taken",
        "exception.noted",
        "exception.taken",
        "exception.resolved",
    ]


def at_once(open_session, work):
    def one(number: int) -> str:
        try:
            with open_session() as session, transaction(session):
                work(session, f"staff:{number}")
        except (cases.ExceptionTaken, cases.ExceptionClosed) as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(12) as pool:
        return sorted(pool.map(one, range(12)))


def test_twelve_at_once_open_one_take_once_and_close_once(open_session, session, now):
    def found(opened, actor):
        cases.open(opened, "unroutable", "parcel:1:5", money_fen=100, facts={}, now=now, actor=actor)

    assert at_once(open_session, found) == ["done"] * 12
    (row,) = rows_of(session)
    taken = at_once(open_session, lambda opened, actor: cases.take(opened, row.id, actor=actor, now=now))
    assert taken == ["done"] + ["exception_taken"] * 11
    closed = at_once(open_session, lambda opened, actor: cases.resolve(opened, row.id, "x", actor=actor, now=now))
    assert closed == ["done"] + ["exception_closed"] * 11
    assert [fact for fact, *_ in told(session)] == ["exception.opened", "exception.taken", "exception.resolved"]


def test_the_table_itself_refuses_a_kind_that_nobody_knows(session, now):
    put(session, now=now)
    for lie in ("kind = 'odd'", "at_stake = 1", "money_fen = -1", "resolved_at = now()"):
        with pytest.raises(IntegrityError), transaction(session):
            session.execute(text(f"UPDATE exception_case SET {lie}"))


def test_the_figures_tell_count_money_age_and_what_is_overdue(session, now, monkeypatch):
    create_app()
    put(session, now=now)
    put(session, "order:1:13", now=now + timedelta(hours=1))
    monkeypatch.setattr("config.clock.now", lambda: now + timedelta(hours=4, seconds=30))
    page = generate_latest().decode()
    for line in ("s{", "s_money_fen{", "s_oldest_seconds{", "s_overdue{"):
        assert f'tongdian_exception{line}kind="unroutable"}} 0.0' in page
    for line, value in (
        ("s{", "2.0"),
        ("s_money_fen{", "1980.0"),
        ("s_oldest_seconds{", "14430.0"),
        ("s_overdue{", "1.0"),
    ):
        assert f'tongdian_exception{line}kind="refund_failed"}} {value}' in page
