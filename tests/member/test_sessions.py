from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from member import identity, sessions
from tests import factories as make


@pytest.fixture
def token(do, member, now):
    return do(sessions.sign_in, member, b"sealed", now=now)


def test_a_token_names_its_member_for_thirty_days(session, member, token, now):
    end = now + sessions.KEPT
    assert sessions.who(session, token, now=end - timedelta(seconds=1)) == (member, b"sealed")
    assert sessions.who(session, token, now=end) is None


def test_a_session_in_use_gets_its_thirty_days_again(session, do, member, token, now):
    later = now + timedelta(days=29)
    do(sessions.slide, token, now=later)
    assert sessions.who(session, token, now=later + timedelta(days=29)) == (member, b"sealed")


def test_only_the_hash_of_a_token_is_kept(session, token):
    kept = session.execute(text("SELECT t::text FROM member_session t")).scalar_one()
    assert token not in kept
    assert token.encode().hex() not in kept


def test_signing_out_ends_one_device_and_a_repeat_changes_nothing(session, do, member, token, everything, now):
    other = do(sessions.sign_in, member, b"sealed", now=now)
    do(sessions.sign_out, token)
    before = everything()
    do(sessions.sign_out, token)
    assert everything() == before
    assert sessions.who(session, token, now=now) is None
    assert sessions.who(session, other, now=now) == (member, b"sealed")


def test_a_token_of_nobody_is_nobody(session, do, member, everything, now):
    before = everything()
    do(sessions.slide, "made-up", now=now)
    assert sessions.who(session, "made-up", now=now) is None
    assert everything() == before


def test_every_token_is_new(do, member, now):
    assert len({do(sessions.sign_in, member, b"", now=now) for _ in range(20)}) == 20


def test_a_session_follows_its_member_into_a_merge(session, do, member, token, now):
    stays = make.a_member(session, phone="13900000000", now=now)
    do(identity.merge, member, stays, actor="t", now=now)
    assert sessions.who(session, token, now=now) == (stays, b"sealed")
