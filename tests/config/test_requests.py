from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock

import pytest
from sqlalchemy import text

from config import requests
from config.db import transaction
from config.errors import Refused, RequestIdReused

KEY = {"who": "till:1", "request_id": "a" * 32, "route": "POST /x"}


def test_a_retry_gets_the_first_answer(session, now):
    answers = []
    for number in (1, 2):
        reply = ({"n": number}, 201)
        answers.append(requests.once(session, lambda _, r=reply: r, **KEY, body={"a": 1}, now=now))  # type: ignore[misc]
    assert answers == [({"n": 1}, 201)] * 2


def test_the_same_id_with_another_body_is_refused_and_does_nothing(session, now):
    requests.once(session, lambda _: ({}, 200), **KEY, body={"a": 1}, now=now)
    with pytest.raises(RequestIdReused):
        requests.once(session, lambda _: pytest.fail("worked"), **KEY, body={"a": 2}, now=now)


def test_nobody_reads_anothers_answer(session, now):
    requests.once(session, lambda _: ({"mine": 1}, 200), **KEY, body={}, now=now)
    other = requests.once(session, lambda _: ({"mine": 2}, 200), **{**KEY, "who": "till:2"}, body={}, now=now)
    assert other == ({"mine": 2}, 200)


def test_a_refused_request_keeps_nothing(session, now):
    def no(_session):
        raise Refused()

    with pytest.raises(Refused):
        requests.once(session, no, **KEY, body={}, now=now)
    assert session.execute(text("SELECT count(*) FROM request_answer")).scalar() == 0
    assert requests.once(session, lambda _: ({"n": 1}, 200), **KEY, body={}, now=now) == ({"n": 1}, 200)


def test_sixty_four_threads_with_one_id_do_the_work_once(open_session, now):
    done, lock = [], Lock()

    def work(_session):
        with lock:
            done.append(1)
        return {"n": len(done)}, 200

    def ask(_):
        with open_session() as mine:
            return requests.once(mine, work, **KEY, body={}, now=now)

    with ThreadPoolExecutor(64) as pool:
        assert set(map(str, pool.map(ask, range(64)))) == {str(({"n": 1}, 200))}
    assert len(done) == 1


def test_old_answers_are_forgotten(session, now):
    requests.once(session, lambda _: ({}, 200), **KEY, body={}, now=now)
    with transaction(session):
        assert requests.forget(session, before=now) == 0
        assert requests.forget(session, before=now + timedelta(seconds=1)) == 1
