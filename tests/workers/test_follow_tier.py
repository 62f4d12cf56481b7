"""What reaching a tier brings comes once, and what is unused of it goes when growth on its way is refunded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from config.clock import months_later
from config.db import transaction
from member import growth, ledger, points, proof, tier_gifts, tier_rules, tiers
from member.coupons import moves
from member.coupons import proof as coupon_proof
from member.growth import Deed
from member.tier_rules import Level, Rules
from tests import factories as make
from workers.jobs import follow_tier

BY = {"actor": "t"}


@pytest.fixture
def member(session, now):
    return make.a_member(session, points_of=50, now=now)


@pytest.fixture
def offer(session, now):
    """Silver brings 100 points and a coupon, gold another coupon of the same offer and 300 points."""
    template_id = make.an_offer(session, now, claims_per_member=4, issue_limit=5)
    levels = (
        Level("standard", "普", "S", 0, 0),
        Level("silver", "银", "Silver", 100, 80, gift_points=100, gift_coupons=[template_id]),
        Level("gold", "金", "Gold", 500, 400, gift_points=300),
    )
    with transaction(session):
        tier_rules.publish(session, Rules(levels), from_at=now, now=now, **BY)
    return template_id


@pytest.fixture
def grow(session, member, offer):
    """Growth from one source, and what its tier changes lead to; returns how many gifts came or went."""

    def made(earns, now, *, source="order:1", taken=0, confirmed=False):
        with transaction(session):
            tiers.lock(session, [member])
            deed = Deed(member, source, now, earns, taken, now if confirmed else None)
            growth.settle(session, [deed], now=now, **BY)
            tiers.judge(session, [member], now=now, **BY)
        return follow_tier.run(_rows(session), now=now)

    return made


def _rows(session):
    session.rollback()
    return session.scalars(text("SELECT id FROM journal WHERE kind = 'member.tier_changed' ORDER BY id")).all()


def _coupons(session):
    session.rollback()
    return [tuple(row) for row in session.execute(text("SELECT id, state FROM coupon ORDER BY id"))]


def _sound(session):
    found = [ledger.differences(session), proof.differences(session), coupon_proof.differences(session)]
    return found == [[], [], []]


def test_a_provisional_tier_brings_its_gifts_and_loses_what_is_unused_when_it_falls(session, member, grow, now):
    assert grow(600, now) == 2
    assert points.balance(session, member).available == 450
    with transaction(session):
        points.spend(session, member, 120, source="order:9", now=now, **BY)
    left = points.balance(session, member).available
    own = session.execute(text("SELECT coalesce(sum(remaining), 0) FROM lot WHERE source LIKE 'gift:tier:%'")).scalar()
    assert grow(600, now, taken=550) == 2
    assert points.balance(session, member).available == left - own
    assert points.balance(session, member).deficit == 0
    assert _coupons(session) == [(1, "void")]
    assert grow(600, now, taken=550) == 0
    assert _sound(session)


def test_a_used_coupon_stays_used_and_a_kept_gift_does_not_come_again(session, member, offer, grow, now):
    shop = make.open_shop(session, now=now)
    assert grow(200, now) == 1
    with transaction(session):
        moves.use(session, member, [1], store_id=shop.store_id, order_id=7, now=now, **BY)
    assert grow(200, now, taken=150) == 1
    assert _coupons(session) == [(1, "used")]
    assert grow(200, now, source="order:2") == 1  # it was taken back, so it comes again
    assert _coupons(session) == [(1, "used"), (2, "issued")]


def test_a_confirmed_tier_keeps_its_gift_and_brings_it_once_in_a_year(session, member, grow, now):
    assert grow(200, now, confirmed=True) == 1
    assert grow(200, now, taken=200, confirmed=True) == 0
    assert points.balance(session, member).available == 150
    for at in (months_later(now, 12), months_later(now, 14)):
        with transaction(session):
            tiers.evaluate_due(session, now=at, most=10, **BY)
        assert follow_tier.run(_rows(session), now=at) == 0
    later = months_later(now, 15)
    assert session.execute(text("SELECT tier FROM member")).scalar() == "standard"
    assert grow(200, later, source="order:2") == 1
    assert grow(200, later, source="order:2", taken=200) == 1
    assert [row[1] for row in _coupons(session)] == ["issued", "void"]
    kept = session.execute(text("SELECT void_at IS NULL, provisional FROM tier_gift ORDER BY id")).all()
    assert [tuple(row) for row in kept] == [(True, False), (False, True)]


def test_eight_facts_of_one_rise_at_once_give_one_gift(open_session, session, member, offer, now):
    with transaction(session):
        tiers.lock(session, [member])
        growth.settle(session, [Deed(member, "order:1", now, 200, 0, None)], now=now, **BY)
        tiers.judge(session, [member], now=now, **BY)
    together = Barrier(8)

    def follows(_):
        with open_session() as own:
            together.wait()
            with transaction(own):
                return tier_gifts.follow(own, member, "provisional", "standard", now=now, **BY)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(follows, range(8))) == [0] * 7 + [1]
    assert follow_tier.run(_rows(session), now=now) == 0
    assert (_coupons(session), points.balance(session, member).available) == ([(1, "issued")], 150)
    assert _sound(session)


def test_an_offer_that_is_over_brings_no_coupon_and_the_points_come_all_the_same(session, member, offer, grow, now):
    with transaction(session):
        moves.move_template(session, offer, "end", now=now, **BY)
    assert grow(200, now) == 1
    assert (points.balance(session, member).available, _coupons(session)) == (150, [])
