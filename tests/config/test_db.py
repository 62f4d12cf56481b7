from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, OperationalError, StatementError

from config import db
from config.db import fetch, first, transaction
from config.journal import Entry

COUNT = text("SELECT count(*)::int AS n FROM journal")


def _count(session):
    return fetch(session, COUNT, {})[0].n


def _entry(at):
    return Entry(kind="a", subject="a:1", actor="t", at=at, data={}, tries=0)


def test_a_moment_comes_out_in_utc_wherever_it_was(session):
    at = datetime(2026, 11, 23, 12, 0, tzinfo=timezone(timedelta(hours=8)))
    with transaction(session):
        session.add(_entry(at))
    kept = session.get(Entry, 1)
    assert (kept.at, kept.at.tzinfo) == (at, UTC)


def test_a_moment_without_a_zone_is_refused(session):
    session.add(_entry(datetime(2026, 11, 23, 12, 0)))  # noqa: DTZ001
    with pytest.raises(StatementError, match="a moment without a zone"):
        session.flush()
    session.rollback()
    assert _count(session) == 0


class Stop(BaseException):
    pass


@pytest.mark.parametrize("why", [ValueError, Stop])
def test_nothing_of_a_transaction_that_fails_is_kept(session, now, why):
    def write_and_fail():
        with transaction(session):
            session.add(_entry(now))
            session.flush()
            assert _count(session) == 1
            raise why()

    with pytest.raises(why):
        write_and_fail()
    assert _count(session) == 0


def test_outside_a_transaction_a_read_holds_nothing_open(session, now):
    assert fetch(session, COUNT, {})[0].n == 0
    assert not session.in_transaction()
    db.let_go(session)
    with db.engine().connect() as other:
        busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state ~ '^idle in'"
        assert other.exec_driver_sql(busy).scalar() == 0


def test_a_statement_that_answers_nothing_is_an_empty_list(session):
    assert fetch(session, text("DELETE FROM journal WHERE id = :id"), {"id": 1}) == []
    assert first(session, text("SELECT 1 WHERE false"), {}) is None


@pytest.mark.parametrize("inside", [False, True])
def test_a_connection_that_was_cut_is_dropped_and_the_next_one_works(session, open_session, inside):
    cut = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(OperationalError), transaction(session) if inside else nullcontext():
        fetch(session, cut, {})
    with open_session() as other:
        assert _count(other) == 0
    assert _count(session) == 0


def test_a_statement_that_is_too_slow_is_busy_and_its_connection_lives_on(session):
    with transaction(session):
        fetch(session, text("SET LOCAL statement_timeout = 50"), {})
        with pytest.raises(OperationalError):
            fetch(session, text("SELECT pg_sleep(5)"), {})
        session.rollback()
    assert _count(session) == 0


def test_the_cursor_that_a_connection_keeps_outlives_a_refused_statement(session):
    with transaction(session), pytest.raises(DataError):
        fetch(session, text("SELECT :n / 0"), {"n": 1})
    with transaction(session):
        before = fetch(session, text("SELECT :n + 1 AS n, 'a' AS a"), {"n": 1})
        assert first(session, text("SELECT CAST(:w AS text) AS w"), {"w": "茶"}) == ("茶",)
        assert [(row.n, row.a) for row in before] == [(2, "a")]


def test_rows_of_a_result_are_plain_dicts(session):
    assert db.rows(session.execute(text("SELECT 1 AS a, 'x' AS b"))) == [{"a": 1, "b": "x"}]
