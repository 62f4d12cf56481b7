"""What members say of themselves, and what joining and saying it all bring: once in a life."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from config.db import transaction
from member import gifts, identity, leaving, ledger, merging, points, profile, proof, terms
from member.profile import BadBirthday, BirthdayTold, Profile
from member.terms import Gift, Terms
from tests import factories as make

BY = {"actor": "t"}
ALL = Profile("小明", date(1990, 5, 1), "unsaid")


@pytest.fixture(autouse=True)
def generous(monkeypatch, clean):
    given = {"register": Gift(50), "profile": Gift(30, growth=1_000), "review": Gift(5, growth=10)}
    monkeypatch.setattr(terms, "_stale", lambda: False)
    made = replace(Terms(), gifts=given)
    monkeypatch.setattr(terms._Known, "versions", [(datetime(2000, 1, 1, tzinfo=UTC), made)])


def _have(session, member):
    session.rollback()
    return points.balance(session, member).available


def _tier(session, member):
    session.rollback()
    return session.execute(text("SELECT tier FROM member WHERE id = :id"), {"id": member}).scalar_one()


def test_joining_brings_its_gift_once_by_till_and_by_phone(session, do, now):
    joined = do(identity.join, phone="13812342046", name="王", store_id=None, now=now, **BY)
    again = do(identity.join, phone="13812342046", name="王", store_id=None, now=now, **BY)
    assert (joined.points, again.points) == (50, 50)
    guest = do(identity.by_openid, "oGuest", now=now, **BY)
    assert _have(session, guest) == 0
    assert do(identity.bind_phone, guest, "13900000001", now=now, **BY) == guest
    do(identity.bind_phone, guest, "13900000001", now=now, **BY)
    assert _have(session, guest) == 50
    other = do(identity.by_openid, "oOther", now=now, **BY)
    assert do(identity.bind_phone, other, "13812342046", now=now, **BY) == joined.id
    assert _have(session, joined.id) == 50
    assert [ledger.differences(session), proof.differences(session)] == [[], []]


def test_eight_tills_at_once_welcome_one_member_once(open_session, session, now):
    def one(_):
        with open_session() as own, transaction(own):
            return identity.join(own, phone="13812342046", name="王", store_id=None, now=now, **BY).id

    with ThreadPoolExecutor(8) as pool:
        (member,) = set(pool.map(one, range(8)))
    assert _have(session, member) == 50


def test_a_profile_complete_for_the_first_time_brings_points_and_the_tier_its_growth_makes(session, do, now):
    member = make.a_member(session, now=now)
    assert profile.promised(session, member, now=now) == 30
    assert do(profile.edit, member, replace(ALL, gender=None), now=now, **BY) == 0
    assert do(profile.edit, member, ALL, now=now, **BY) == 30
    assert (_have(session, member), _tier(session, member)) == (80, "silver")
    assert profile.promised(session, member, now=now) == 0
    assert do(profile.edit, member, replace(ALL, nickname=""), now=now, **BY) == 0
    assert do(profile.edit, member, ALL, now=now + timedelta(days=9), **BY) == 0
    assert _have(session, member) == 80
    told = (
        session.execute(text("SELECT data FROM journal WHERE kind = 'member.profile_changed' ORDER BY id"))
        .scalars()
        .all()
    )
    assert [row["fields"] for row in told] == [["nickname", "birthday"], ["gender"], ["nickname"], ["nickname"]]
    assert [ledger.differences(session), proof.differences(session)] == [[], []]


def test_of_eight_birthdays_told_at_once_one_stands_and_brings_the_gift(open_session, session, now):
    member = make.a_member(session, now=now)
    together = Barrier(8)

    def one(number):
        with open_session() as own:
            together.wait()
            try:
                with transaction(own):
                    return profile.edit(own, member, replace(ALL, birthday=date(1990, 5, number + 1)), now=now, **BY)
            except BirthdayTold:
                return -1

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [-1] * 7 + [30]
    assert _have(session, member) == 80


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (replace(ALL, birthday=date(1990, 5, 2)), BirthdayTold),
        (replace(ALL, birthday=None), BirthdayTold),
        (replace(ALL, birthday=date(2026, 11, 24)), BirthdayTold),
    ],
)
def test_a_birthday_is_told_once(session, do, everything, now, said, refusal):
    member = make.a_member(session, now=now)
    do(profile.edit, member, ALL, now=now, **BY)
    before = everything()
    with pytest.raises(refusal):
        do(profile.edit, member, said, now=now, **BY)
    assert everything() == before


@pytest.mark.parametrize(
    ("day", "good"), [("2026-11-23", True), ("2026-11-24", False), ("1906-01-01", True), ("1905-12-31", False)]
)
def test_a_birthday_is_a_day_of_the_past(session, do, everything, now, day, good):
    member = make.a_member(session, now=now)
    said, before = Profile("a", date.fromisoformat(day)), everything()
    if good:
        do(profile.edit, member, said, now=now, **BY)
        assert profile.of(session, member) == said
        return
    with pytest.raises(BadBirthday):
        do(profile.edit, member, said, now=now, **BY)
    assert everything() == before


def test_a_merge_fills_blanks_brings_no_second_gift_and_comes_apart_again(session, do, now):
    member = make.a_member(session, now=now)
    guest = do(identity.by_openid, "oGuest", now=now, **BY)
    do(profile.edit, member, Profile("店里的"), now=now, **BY)
    do(profile.edit, guest, ALL, now=now, **BY)
    merge_id = do(merging.merge, guest, member, now=now, **BY)
    assert profile.of(session, member) == replace(ALL, nickname="店里的")
    assert do(profile.edit, member, replace(ALL, nickname="新"), now=now, **BY) == 0
    merged = do(merging.to_undo, merge_id, now=now)
    assert merged is not None
    do(merging.undo, merged, now=now, **BY)
    assert profile.of(session, member) == Profile("新")
    assert profile.of(session, guest) == ALL


def test_a_gift_taken_back_takes_its_growth_along(session, do, now):
    member = make.a_member(session, now=now)
    assert do(gifts.give, member, "review", "r1", now=now, **BY) == 5
    assert do(gifts.take_away, member, "review", "r1", now=now, **BY) == 5
    assert do(gifts.take_away, member, "review", "r1", now=now, **BY) == 0
    sums = session.execute(text("SELECT account, balance FROM lot_account ORDER BY 1")).all()
    assert [tuple(row) for row in sums] == [("growth", 0), ("points", 50)]
    assert [ledger.differences(session), proof.differences(session)] == [[], []]


def test_nothing_said_is_left_of_who_left(session, do, now):
    member = make.a_member(session, now=now)
    do(profile.edit, member, ALL, now=now, **BY)
    do(leaving.erase, member, now=now, **BY)
    assert leaving.prove_erased(session, member) == {}
    assert profile.of(session, member) == Profile()
