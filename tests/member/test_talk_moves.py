"""Answers that are owed: one at a time, in order, within the window, and never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from member.followers import person_of
from member.talks import menu, moves, windows

WHO = person_of("service", "oS")
BY = {"actor": "t"}


def _body(words):
    return {"msgtype": "text", "text": {"content": words}}


@pytest.fixture
def owed(do, now):
    """Two answers to push 7, and leave to send five."""
    do(windows.allow, "service", WHO, "message", at=now)
    assert do(moves.intend, 7, "service", WHO, "oS", [_body("a"), _body("b")], now=now) == 2


def _states(session):
    found = session.execute(text("SELECT state || coalesce(':' || nullif(code, ''), '') FROM talk_message ORDER BY no"))
    session.rollback()
    return list(found.scalars())


def test_what_is_owed_twice_is_owed_once(session, do, owed, now):
    assert do(moves.intend, 7, "service", WHO, "oS", [_body("a"), _body("b")], now=now) == 0
    assert _states(session) == ["due", "due"]


def test_of_eight_senders_one_has_the_first_answer_and_nobody_the_second(session, do, open_session, owed, now):
    for _ in range(4):
        do(windows.take, "service", WHO, now=now)  # so that whoever comes second finds no window

    def begin(_: int):
        with open_session() as opened, transaction(opened):
            return moves.begin(opened, 7, now=now)

    with ThreadPoolExecutor(8) as pool:
        taken = [one for one in pool.map(begin, range(8)) if one]
    assert [one.body for one in taken] == [_body("a")]
    assert _states(session) == ["sending", "due"]


def test_an_answer_whose_sender_died_is_unknown_and_the_next_one_goes(session, do, owed, now):
    assert do(moves.begin, 7, now=now).body == _body("a")
    assert do(moves.begin, 7, now=now + timedelta(seconds=59)) is None
    assert do(moves.begin, 7, now=now + timedelta(seconds=61)).body == _body("b")
    assert _states(session) == ["unknown:sender_died", "sending"]


def test_what_surely_was_not_taken_is_tried_five_times(session, do, owed, now):
    do(windows.allow, "service", WHO, "message", at=now)
    for number in range(1, 6):
        message = do(moves.begin, 7, now=now)
        assert (message.tries, message.body) == (number, _body("a"))
        assert do(moves.again, message, code="-1", now=now) is (number < 5)
    assert _states(session) == ["dropped:-1", "due"]


def test_more_than_the_window_allows_is_dropped_and_anything_new_opens_it(session, do, owed, now):
    do(moves.intend, 8, "service", WHO, "oS", [_body(str(no)) for no in range(6)], now=now)
    for number in range(5):
        do(moves.end, do(moves.begin, 8, now=now).id, "sent", now=now)
        assert number < 5
    assert do(moves.begin, 8, now=now) is None
    assert do(moves.begin, 7, now=now + timedelta(hours=49)) is None
    assert _states(session).count("dropped:no_window") == 3
    do(windows.allow, "service", WHO, "message", at=now - timedelta(days=3))
    assert do(windows.take, "service", WHO, now=now) is False
    do(windows.allow, "service", WHO, "click", at=now)
    assert [do(windows.take, "service", WHO, now=now) for _ in range(4)] == [True] * 3 + [False]


def test_of_eight_who_take_from_two_windows_of_six_messages_six_get_one(do, open_session, now):
    do(windows.allow, "service", WHO, "click", at=now)
    do(windows.allow, "service", WHO, "scan", at=now)

    start = Barrier(8)

    def take(_: int) -> bool:
        with open_session() as opened, transaction(opened):
            start.wait()
            return windows.take(opened, "service", WHO, now=now)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(take, range(8))) == [False] * 2 + [True] * 6


def test_of_two_who_approve_a_menu_one_does(session, open_session, do, now):
    menu_id = do(menu.draft, [{"name": "a", "type": "click", "key": "K"}], now=now, **BY)

    def approve(_: int) -> bool:
        try:
            with open_session() as opened, transaction(opened):
                moves.approve_menu(opened, menu_id, now=now, **BY)
        except WrongState:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, range(2))) == [False, True]
    assert session.execute(text("SELECT count(*) FROM journal WHERE kind = 'talk.menu_approved'")).scalar() == 1
