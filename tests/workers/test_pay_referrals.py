"""An invitation is taken once, from somebody new, and pays once the friend's first order is safe: never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from member import identity, leaving, ledger, points, proof, referral, terms
from tests import factories as make
from trade.orders import holder, referrals_due
from workers.jobs import pay_referrals

BY: dict[str, Any] = {"actor": "t"}
PROMISE = {"points": 200, "friend_points": 50, "growth": 30, "max_per_month": 2, "within_days": 30, "least_fen": 900}


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 500}, now=now)


@pytest.fixture
def inviter(session, now):
    with transaction(session):
        terms.announce(session, {"referral": PROMISE, "earn_bp": 0}, from_at=now, now=now, **BY)
    return make.a_member(session, now=now - timedelta(days=1))


@pytest.fixture
def invite(session, inviter, now):
    """A friend who signs in by the inviter's code, with a phone where told; (their id, what came of the code)."""

    def made(number, *, by=inviter, phone=True, at=now):
        with transaction(session):
            friend = identity.by_openid(session, f"oFriend{number}", now=at, **BY)
            said = referral.accept(session, referral.code_of(session, by), friend, now=at, **BY)
        if phone:
            with transaction(session):
                friend = identity.bind_phone(
                    session, friend, f"1390000{number:04d}", now=at, before_merge=holder.take_over, **BY
                )
        return friend, said

    return made


def _outcomes(session):
    session.rollback()
    return [tuple(row) for row in session.execute(text("SELECT invited_id, outcome FROM referral ORDER BY at, 1"))]


def _have(session, *members):
    session.rollback()
    return [points.balance(session, one).available for one in members]


def _sound(session):
    session.rollback()
    return [ledger.differences(session), proof.differences(session)] == [[], []]


def test_a_code_is_the_members_own_and_an_invitation_is_taken_once_from_somebody_new(
    session, shop, inviter, invite, now
):
    other = make.a_member(session, phone="13900009998", now=now - timedelta(days=1))
    with transaction(session):
        code = referral.code_of(session, inviter)
        assert referral.code_of(session, inviter) == code != referral.code_of(session, other)
    friend, said = invite(1)
    assert said == "accepted"
    buyer, _ = invite(2, phone=False, by=other)
    make.ring_up(session, shop, now, member_id=friend, milk=1)
    later = now + timedelta(minutes=1)
    before = _outcomes(session)
    for who, word in (
        (inviter, "self"),
        (other, "already_member"),
        (friend, "already_member"),
        (buyer, "already_invited"),
    ):
        with transaction(session):
            assert referral.accept(session, f" {code.lower()} ", who, now=later, **BY) == word
            assert referral.accept(session, "NOBODY22", who, now=later, **BY) == "unknown"
    assert _outcomes(session) == before


def test_of_eight_invitations_at_once_one_is_taken(open_session, session, inviter, now):
    with transaction(session):
        friend = identity.by_openid(session, "oFriend", now=now, **BY)
        code = referral.code_of(session, inviter)

    def one(_):
        with open_session() as own, transaction(own):
            return referral.accept(own, code, friend, now=now, **BY)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == ["accepted"] + ["already_invited"] * 7


def test_both_are_paid_when_the_first_order_that_was_kept_is_safe_and_never_again(session, shop, inviter, invite, now):
    friend, _ = invite(1)
    returned = make.ring_up(session, shop, now, member_id=friend, milk=1)
    make.give_back(session, shop, returned, {1: 1}, now)
    assert pay_referrals.run(now=now + timedelta(days=7)) == 0
    bought = now + timedelta(days=2)
    make.ring_up(session, shop, bought, member_id=friend, milk=1)
    assert pay_referrals.run(now=bought + timedelta(days=7) - timedelta(seconds=1)) == 0
    assert _have(session, inviter, friend) == [0, 0]
    safe = bought + timedelta(days=7)
    assert pay_referrals.run(now=safe) == 1
    assert (_have(session, inviter, friend), _outcomes(session)) == ([200, 50], [(friend, "paid")])
    grown = session.execute(text("SELECT balance FROM lot_account WHERE account = 'growth'")).scalars().all()
    assert grown == [30]
    make.ring_up(session, shop, bought, member_id=friend, milk=1)
    assert pay_referrals.run(now=safe + timedelta(days=60)) == 0
    assert (_have(session, inviter, friend), _sound(session)) == ([200, 50], True)


def test_a_month_has_its_number_in_any_race_and_a_new_month_begins_anew(
    open_session, session, shop, inviter, invite, now
):
    friends = [invite(number)[0] for number in range(1, 6)]
    for friend in friends:
        make.ring_up(session, shop, now, member_id=friend, milk=1)
    safe = now + timedelta(days=7)
    due = referrals_due.due(session, closed_by=now, least_fen=900, most=9)
    together = Barrier(len(due))

    def pays(one):
        with open_session() as own:
            together.wait()
            with transaction(own):
                return referral.pay(own, [one], now=safe, **BY)

    with ThreadPoolExecutor(len(due)) as pool:
        assert list(pool.map(pays, due)) == [1] * 5
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: pay_referrals.run(open_session, now=safe), range(4))) == 0
    assert sorted(outcome for _, outcome in _outcomes(session)) == ["capped"] * 3 + ["paid"] * 2
    assert (_have(session, inviter), sorted(_have(session, *friends))) == ([400], [0, 0, 0, 50, 50])
    later, _ = invite(9, at=safe)
    make.ring_up(session, shop, safe, member_id=later, milk=1)
    assert pay_referrals.run(now=safe + timedelta(days=7)) == 1
    assert _have(session, inviter, later) == [600, 50]
    assert _sound(session)


def test_who_was_a_member_of_old_is_somebody_elses_friend_left_or_came_late_pays_nobody(
    session, shop, inviter, invite, now
):
    old = make.a_member(session, phone="13900000001", now=now - timedelta(days=9))
    assert invite(1) == (old, "accepted")  # a WeChat guest first, then the till's member of that phone
    gone, _ = invite(2)
    slow, _ = invite(3)
    for one in (old, gone):
        make.ring_up(session, shop, now, member_id=one, milk=1)
    make.ring_up(session, shop, now, member_id=slow, bread=1)  # less than the terms ask
    with transaction(session):
        leaving.erase(session, gone, now=now, **BY)
    assert pay_referrals.run(now=now + timedelta(days=8)) == 2
    assert [outcome for _, outcome in _outcomes(session)].count("void") == 2
    assert pay_referrals.run(now=now + timedelta(days=31)) == 1
    assert dict(_outcomes(session))[slow] == "late"
    assert _have(session, inviter, old, slow) == [0, 0, 0]


def test_an_invitation_follows_both_into_the_members_they_become(session, shop, inviter, invite, now):
    """The friend is registered at the till afterwards and joined with it; the inviter is joined with an older one."""
    guest, _ = invite(4, phone=False)
    elder = make.a_member(session, phone="13900008888", now=now - timedelta(days=5))
    with transaction(session):
        holder.merge(session, inviter, elder, now=now, **BY)
    joined = make.a_member(session, phone="13900000004", now=now + timedelta(hours=1))
    with transaction(session):
        identity.bind_phone(
            session, guest, "13900000004", now=now + timedelta(hours=2), before_merge=holder.take_over, **BY
        )
    make.ring_up(session, shop, now + timedelta(hours=3), member_id=joined, milk=1)
    (friend,) = referral.page(session, elder, now=now)["friends"]
    assert friend["state"] == "joined"
    assert pay_referrals.run(now=now + timedelta(days=8)) == 1
    assert _have(session, elder, joined) == [200, 50]
    assert _sound(session)


def test_a_debt_is_made_good_before_a_reward_can_be_spent(session, shop, inviter, invite, now):
    friend, _ = invite(1)
    with transaction(session):
        points.claw(session, inviter, 70, source="order:99", key="return:99", now=now, **BY)
    make.ring_up(session, shop, now, member_id=friend, milk=1)
    assert pay_referrals.run(now=now + timedelta(days=7)) == 1
    told = points.balance(session, inviter)
    assert (told.available, told.deficit) == (130, 0)


def test_without_a_promise_nothing_is_settled(session, shop, invite, now):
    friend, _ = invite(1)
    make.ring_up(session, shop, now, member_id=friend, milk=1)
    later = now + timedelta(days=7)
    with transaction(session):
        terms.announce(session, {}, from_at=later, now=later, **BY)
    assert (pay_referrals.run(now=later), _outcomes(session)) == (0, [(friend, None)])
