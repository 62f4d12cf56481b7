"""A job that fails three times is on the desk, not only in a log: real queues, real workers, jobs that really fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock, journal
from config.db import transaction
from config.queues import queue, retry
from config.redis import connection
from tests import factories as make
from trade.exceptions import read
from workers import relay, run
from workers.jobs import run_again


def work(name: str) -> None:
    run.make(name, connection()).work(burst=True, logging_level="CRITICAL")


def cases(session):
    session.rollback()
    return read.still_open(session)


@pytest.fixture
def offer_again(monkeypatch) -> Callable[[], int]:
    """Let the leases run out, offer everything that is open and let a worker try it."""
    ahead = [clock.now()]

    def again() -> int:
        ahead[0] += journal.LEASE + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: ahead[0])
        offered = relay.relay_once()
        work("effects")
        work("clock")
        return offered

    return again


def a_bad_row(session) -> int:
    """A fact whose job cannot but fail: it names no store."""
    with transaction(session):
        journal.record(session, "stock.taken_in", "stock:bad", actor="t", now=clock.now(), sku_ids=[1])
    session.rollback()
    return session.execute(text("SELECT id FROM journal WHERE subject = 'stock:bad'")).scalar_one()


def open_rows(session):
    session.rollback()
    return list(
        session.scalars(
            text("SELECT id FROM journal WHERE done_at IS NULL AND kind NOT LIKE 'exception.%' ORDER BY id")
        )
    )


def test_a_row_that_fails_is_on_the_desk_at_its_third_offer_and_its_neighbours_are_done(session, offer_again):
    bad = a_bad_row(session)
    shop = make.open_shop(session, now=clock.now())
    for _ in range(2):
        offer_again()
        assert cases(session) == []
        assert len(open_rows(session)) > 1  # one bad row spoils its batch
    offer_again()
    assert open_rows(session) == [bad]
    (case,) = cases(session)
    assert (case["kind"], case["subject"], case["unit"]) == ("job_failed", "job:project_availability", "rows")
    facts = case["facts"]
    assert (facts["error"], facts["fact"], facts["row"]) == ("KeyError", "stock.taken_in", bad)
    assert facts["at"].startswith("workers/jobs/project_availability.py:")
    assert case["next_try_at"] == clock.now() + journal.LEASE
    offer_again()
    (again,) = cases(session)
    assert (again["id"], again["tries"], again["at_stake"]) == (case["id"], case["tries"] + 1, 1)

    make.ring_up(session, shop, clock.now(), milk=1)
    offer_again()  # another row of the job goes through; the bad one is still bad
    assert [row["id"] for row in cases(session)] == [case["id"]]
    with transaction(session):
        session.execute(text("UPDATE journal SET data = data || '{\"store_id\": 1}' WHERE id = :bad"), {"bad": bad})
    offer_again()
    assert (open_rows(session), cases(session)) == ([], [])
    closed = session.execute(text("SELECT resolver, note, next_try_at FROM exception_case")).one()
    assert tuple(closed) == ("worker", "works_again", None)


def test_a_job_by_the_clock_that_fails_is_on_the_desk_until_it_works(session, now):
    def forget() -> None:
        queue("clock").enqueue("workers.jobs.forget_requests.run", retry=retry())
        work("clock")

    with transaction(session):
        session.execute(text("ALTER TABLE request_answer RENAME TO request_answer_away"))
    try:
        forget()
        forget()
        (case,) = cases(session)
        assert (case["subject"], case["cause"], case["tries"]) == ("job:forget_requests", "by_the_clock", 2)
        assert case["facts"]["error"] == "ProgrammingError"
    finally:
        with transaction(session):
            session.execute(text("ALTER TABLE request_answer_away RENAME TO request_answer"))
    forget()
    assert cases(session) == []


def test_a_job_that_works_at_the_second_try_opens_nothing(session, now, monkeypatch):
    from workers.jobs import forget_requests

    tries = []
    works = forget_requests.run

    def once_not() -> int:
        tries.append(1)
        return works() if len(tries) > 1 else 1 // 0

    monkeypatch.setattr(forget_requests, "run", once_not)
    queue("clock").enqueue("workers.jobs.forget_requests.run", retry=retry())
    work("clock")
    assert (len(tries), cases(session)) == (2, [])


def test_a_job_by_the_clock_may_be_asked_for_by_hand(session, now):
    with transaction(session):
        for job in ("forget_requests", "nobody_knows"):
            journal.record(session, "job.asked_again", f"job:{job}", actor="staff:1", now=now, job=job)
    ids = open_rows(session)
    assert [run_again.run(ids), run_again.run(ids)] == [1, 0]
    assert [job.func_name for job in queue("clock").jobs] == ["workers.jobs.forget_requests.run"]
