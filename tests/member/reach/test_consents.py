"""One yes is worth one message, whoever tells of it, and however many messages want it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from member import identity
from member.reach import consents, moves

WHO = "oTongdian0001"


@pytest.fixture
def member(session, now):
    with transaction(session):
        return identity.by_openid(session, WHO, actor="t", now=now)


@pytest.fixture
def says(session):
    def said(by, at, kind="ready"):
        with transaction(session):
            return consents.granted(session, WHO, kind, by_client=by == "client", at=at)

    return said


def _ask(session, member, subject, now):
    with transaction(session):
        return moves.ask(session, member, "ready", subject, actor="t", now=now)


def test_what_client_and_event_say_within_minutes_is_one_yes(session, member, says, now):
    soon, later = now + timedelta(seconds=3), now + timedelta(minutes=30)
    assert [says("client", now), says("event", soon), says("event", soon)] == [True, False, False]
    assert [says("event", later), says("client", later + timedelta(seconds=1))] == [True, False]
    assert says("client", later + timedelta(minutes=1), kind="refund")
    assert consents.free(session, member) == {"ready": 2, "refund": 1}


def test_two_yeses_in_a_minute_are_two_and_each_event_joins_one(session, member, says, now):
    at = [now + timedelta(seconds=n) for n in range(4)]
    said = [says("client", at[0]), says("client", at[1]), says("event", at[2]), says("event", at[3])]
    assert (said, consents.free(session, member)) == ([True, True, False, False], {"ready": 2})


def test_a_client_cannot_fill_the_ledger(session, member, says, now):
    told = [says("client", now + timedelta(hours=n)) for n in range(consents.MOST + 2)]
    assert (told.count(True), consents.free(session, member)) == (consents.MOST, {"ready": consents.MOST})


def test_of_twenty_that_tell_of_one_yes_one_counts(session, open_session, member, now):
    def tell(number):
        with open_session() as own, transaction(own):
            return consents.granted(own, WHO, "ready", by_client=False, at=now)

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(tell, range(20))) == [False] * 19 + [True]
    assert consents.free(session, member) == {"ready": 1}


def test_eight_messages_and_three_yeses(session, open_session, member, says, now):
    for hours in range(3):
        says("client", now + timedelta(hours=hours))
    ids = [_ask(session, member, f"parcel:1:{n}", now) for n in range(8)]

    def reserve(message):
        with open_session() as own, transaction(own):
            found = consents.reserve(own, message, member, "ready")
        return found.id if found else 0

    with ThreadPoolExecutor(8) as pool:
        got = sorted(pool.map(reserve, ids))
    assert got[:5] == [0] * 5 and len(set(got[5:])) == 3
    assert consents.free(session, member) == {}
    kept = session.execute(text("SELECT id, message_id FROM message_consent ORDER BY id")).all()
    with transaction(session):
        again = consents.reserve(session, kept[0].message_id, member, "ready")
    assert again and again.id == kept[0].id


def test_only_success_spends_a_yes(session, member, says, now):
    says("client", now)
    first, second = (_ask(session, member, f"parcel:1:{n}", now) for n in range(2))
    for message, event, free in ((first, "fail", {"ready": 1}), (second, "send", {})):
        with transaction(session):
            assert consents.reserve(session, message, member, "ready")
        assert consents.free(session, member) == {}
        with transaction(session):
            assert moves.move(session, message, event, actor="t", now=now)
        assert (event, consents.free(session, member)) == (event, free)
    ended = session.execute(text("SELECT ended, message_id FROM message_consent")).all()
    assert [tuple(row) for row in ended] == [("used", second)]


def test_a_kind_that_is_switched_off_has_no_yes_left(session, member, says, now):
    says("client", now)
    says("client", now + timedelta(hours=2))
    with transaction(session):
        assert consents.switched_off(session, WHO, "ready", at=now + timedelta(hours=1)) == 1
    assert consents.free(session, member) == {"ready": 1}
