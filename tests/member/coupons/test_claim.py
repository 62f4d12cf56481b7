from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from config.db import transaction
from config.errors import Refused
from member.coupons import claim, holder, moves, proof, read, templates
from member.coupons.moves import CouponTaken, CouponUseLimit
from member.coupons.states import CouponState, Kind
from member.coupons.templates import Offer, OfferNotSound
from tests import factories as make


@pytest.fixture
def member(session, now):
    return make.a_member(session, now=now)


def _claim(open_session, template_id, member_id, now):
    try:
        with open_session() as mine, transaction(mine):
            claim.claim(mine, template_id, member_id, channel="mall", actor="t", now=now)
    except Refused as refused:
        return refused.code
    return "claimed"


def test_sixty_four_people_and_one_coupon_left(open_session, session, now):
    """Complaint 4.5: the peer gave nine of one."""
    people = [make.a_member(session, phone=f"138{number:08d}", now=now) for number in range(64)]
    template_id = make.an_offer(session, now, issue_limit=1)
    with ThreadPoolExecutor(64) as pool:
        outcomes = Counter(pool.map(lambda who: _claim(open_session, template_id, who, now), people))
    assert outcomes == {"claimed": 1, "coupons_gone": 63}
    assert session.execute(text("SELECT remaining FROM coupon_template")).scalar() == 0
    assert proof.differences(session) == []


def test_two_tabs_of_one_member_cannot_pass_the_limit(open_session, session, member, now):
    template_id = make.an_offer(session, now, issue_limit=100, claims_per_member=2)
    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(lambda _: _claim(open_session, template_id, member, now), range(16)))
    assert outcomes == {"claimed": 2, "coupon_limit": 14}
    assert [tuple(row) for row in session.execute(text("SELECT seq FROM coupon ORDER BY seq"))] == [(1,), (2,)]
    assert session.execute(text("SELECT remaining FROM coupon_template")).scalar() == 98
    assert proof.differences(session) == []


def test_one_phone_claims_once_though_sixty_four_members_sign_in_on_it(open_session, session, now):
    people = [make.a_member(session, phone=f"138{number:08d}", now=now) for number in range(64)]
    template_id = make.an_offer(session, now, issue_limit=100, claims_per_device=1)

    def take(who: int, device: str | None) -> str:
        try:
            with open_session() as mine, transaction(mine):
                claim.claim(mine, template_id, who, channel="mall", device=device, actor="t", now=now)
        except Refused as refused:
            return f"{refused.code} {refused.facts['most']}"
        return "claimed"

    with ThreadPoolExecutor(64) as pool:
        outcomes = Counter(pool.map(lambda who: take(who, "a phone's own number"), people))
    assert outcomes == {"claimed": 1, "coupon_device_limit 1": 63}
    assert session.execute(text("SELECT remaining, (SELECT count(*) FROM coupon) FROM coupon_template")).one() == (
        99,
        1,
    )
    free = [who for who in people if not read.mine(session, who, "usable", now=now)]
    assert take(free[0], None) == "coupon_device_limit 1"  # who hides the phone gets none of such an offer
    assert take(free[0], "another phone's number") == "claimed"
    assert take(free[0], "a third phone's number") == "coupon_limit 1"
    kept = session.execute(text("SELECT device_hash, claimed FROM coupon_device")).all()
    assert [row.claimed for row in kept] == [1, 1] and not any(b"phone" in row.device_hash for row in kept)
    assert proof.differences(session) == []


def test_one_coupon_is_locked_by_one_of_many_orders(open_session, session, member, now):
    coupon = make.a_coupon(session, member, now)

    def lock(order_id: int) -> str:
        try:
            with open_session() as mine, transaction(mine):
                moves.lock(mine, member, [coupon], store_id=1, order_id=order_id, actor="t", now=now)
        except CouponTaken as taken:
            return taken.facts["coupons"][0]["state"]
        return "mine"

    with ThreadPoolExecutor(64) as pool:
        assert Counter(pool.map(lock, range(1, 65))) == {"mine": 1, "locked": 63}


def test_uses_are_counted_on_locked_and_used_so_that_two_tabs_cannot_pass(open_session, session, member, now):
    template_id = make.an_offer(session, now, claims_per_member=4, uses_per_member=1)
    coupons = []
    for _ in range(4):
        with transaction(session):
            coupons.append(claim.claim(session, template_id, member, channel=None, actor="t", now=now))

    def use(order_id: int) -> str:
        try:
            with open_session() as mine, transaction(mine):
                place = {"store_id": 1, "order_id": order_id, "actor": "t", "now": now}
                moves.lock(mine, member, [coupons[order_id - 1]], **place)
        except CouponUseLimit as refused:
            return refused.facts["limit"]
        return "mine"

    with ThreadPoolExecutor(4) as pool:
        assert Counter(pool.map(use, range(1, 5))) == {"mine": 1, "member": 3}


@pytest.mark.parametrize("limit", ["uses_per_day", "uses_per_store"])
def test_a_day_and_a_store_have_their_limits_too(session, member, now, limit):
    other = make.a_member(session, phone="13900001111", now=now)
    template_id = make.an_offer(session, now, valid_days=30, **{limit: 1})
    held = []
    for who in (member, other):
        with transaction(session):
            held.append(claim.claim(session, template_id, who, channel=None, actor="t", now=now))
    with transaction(session):
        moves.use(session, member, [held[0]], store_id=1, order_id=1, actor="t", now=now)
    with pytest.raises(CouponUseLimit), transaction(session):
        moves.use(session, other, [held[1]], store_id=1, order_id=2, actor="t", now=now)
    assert session.execute(text("SELECT state FROM coupon ORDER BY id")).scalars().all() == ["used", "issued"]
    later, store_id = (now + timedelta(days=1), 1) if limit == "uses_per_day" else (now, 2)
    with transaction(session):
        assert moves.use(session, other, [held[1]], store_id=store_id, order_id=2, actor="t", now=later)


def test_a_code_is_claimed_once_and_wrong_ones_lock(session, member, now):
    template_id = make.an_offer(session, now, in_centre=False, issue_limit=2)
    with transaction(session):
        code, spare = claim.make_codes(session, template_id, 2, actor="t", now=now)
    assert code.replace("-", "").encode() not in session.execute(text("SELECT code_hash FROM coupon_code")).scalars()
    assert _refusal(session, template_id, member, now) == "coupons_gone"
    with transaction(session):
        coupon = claim.claim_by_code(session, code.lower().replace("-", " "), member, actor="t", now=now)
    assert read.one(session, member, coupon)["state"] == "issued"
    for number in range(5):
        with pytest.raises(claim.CouponCodeUnknown), transaction(session):
            claim.claim_by_code(session, code, member, actor="t", now=now)
        with transaction(session):
            claim.note_wrong_code(session, member, now=now + timedelta(seconds=number))
    with pytest.raises(claim.CouponCodeLocked), transaction(session):
        claim.claim_by_code(session, spare, member, actor="t", now=now + timedelta(minutes=1))
    assert proof.differences(session) == []


def _refusal(session, template_id, member, now):
    try:
        with transaction(session):
            claim.claim(session, template_id, member, channel=None, actor="t", now=now)
    except Refused as refused:
        return refused.code
    return None


def test_what_is_not_on_offer_is_not_claimed(session, member, now):
    early = make.an_offer(session, now, name="a", claim_from_at=now + timedelta(seconds=1), issue_limit=5)
    paused = make.an_offer(session, now, name="b")
    with transaction(session):
        moves.move_template(session, paused, "pause", actor="t", now=now)
    assert [_refusal(session, one, member, now) for one in (early, paused, 999)] == [
        "coupon_not_on_offer",
        "coupon_not_on_offer",
        "not_found",
    ]
    assert session.execute(text("SELECT count(*) FROM coupon")).scalar() == 0
    assert session.execute(text("SELECT remaining FROM coupon_template WHERE id = :id"), {"id": early}).scalar() == 5


def test_a_published_offer_is_fixed_and_a_change_is_a_new_version(session, now):
    template_id = make.an_offer(session, now)
    with pytest.raises(IntegrityError), transaction(session):
        session.execute(text("UPDATE coupon_template SET off_fen = 1"))
    with transaction(session):
        again = templates.revise(session, template_id, off_fen=600, actor="t", now=now)
    rows = session.execute(text("SELECT id, version, state, off_fen FROM coupon_template ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [(template_id, 1, "live", 500), (again, 2, "draft", 600)]


@pytest.mark.parametrize(
    "of",
    [
        {"hq_bp": 9_000},
        {"valid_days": None},
        {"off_fen": 0},
        {"threshold_fen": 499},
        {"kind": Kind.RATE},
        {"kind": Kind.GOODS},
    ],
)
def test_an_offer_that_contradicts_itself_is_not_written(session, now, of):
    plain = {"code": "c", "name": "n", "kind": Kind.THRESHOLD_OFF, "threshold_fen": 1000, "off_fen": 500}
    with pytest.raises(OfferNotSound), transaction(session):
        templates.draft(session, Offer(**{**plain, "valid_days": 7, **of}), actor="t", now=now)
    assert session.execute(text("SELECT count(*) FROM coupon_template")).scalar() == 0


def test_freezing_giving_away_and_voiding(session, member, now):
    friend = make.a_member(session, phone="13900001111", now=now)
    coupon = make.a_coupon(session, member, now)
    with transaction(session):
        assert moves.step(session, "freeze", member, [coupon], key="f1", actor="t", now=now) == 1
        assert moves.step(session, "freeze", member, [coupon], key="f1", actor="t", now=now) == 0
        assert moves.step(session, "thaw", member, [coupon], key="t1", actor="t", now=now) == 1
        given = moves.transfer(session, member, coupon, friend, actor="t", now=now)
        assert moves.step(session, "void", friend, [given], key="v1", actor="t", now=now) == 1
    rows = session.execute(text("SELECT member_id, state, reissue_of_id FROM coupon ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [(member, CouponState.TRANSFERRED, None), (friend, CouponState.VOID, coupon)]
    assert proof.differences(session) == []


def test_a_merge_keeps_every_coupon_its_number_and_its_history(session, member, now):
    other = make.a_member(session, phone="13900001111", now=now)
    template_id = make.an_offer(session, now, claims_per_member=2)
    for who in (member, other, other):
        with transaction(session):
            claim.claim(session, template_id, who, channel=None, actor="t", now=now)
    with transaction(session):
        assert holder.hand_over(session, other, member) == [2, 3]
    assert [row["id"] for row in read.mine(session, member, "usable", now=now)] == [3, 2, 1]
    assert read.mine(session, other, "usable", now=now) == []
    assert session.execute(text("SELECT seq FROM coupon ORDER BY id")).scalars().all() == [1, 2, 3]
    assert session.execute(text("SELECT DISTINCT member_id FROM coupon_event")).scalars().all() == [member]
    with transaction(session):
        holder.hand_over(session, member, other, ids=[2, 3])
    assert [row["id"] for row in read.mine(session, other, "usable", now=now)] == [3, 2]
    claims = session.execute(text("SELECT member_id, claimed FROM coupon_claim ORDER BY 1")).all()
    assert [tuple(row) for row in claims] == [(member, 1), (other, 2)]
    assert proof.differences(session) == []


def test_time_ends_a_coupon_once(session, member, now):
    make.a_coupon(session, member, now)
    later = now + timedelta(days=8)
    assert [row["state"] for row in read.mine(session, member, "expired", now=later)] == ["issued"]
    with transaction(session):
        assert moves.expire_due(session, now=later, most=10) == 1
        assert moves.expire_due(session, now=later, most=10) == 0
    assert [row["state"] for row in read.mine(session, member, "expired", now=later)] == ["expired"]
    assert proof.differences(session) == []


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE coupon SET state = 'void'",
        "UPDATE coupon_template SET remaining = 3",
        "UPDATE coupon SET state = 'returned', store_id = 1, order_id = 1, held_at = claimed_at",
    ],
)
def test_every_kind_of_lie_is_found(session, member, now, lie):
    make.a_coupon(session, member, now, issue_limit=5)
    assert proof.differences(session) == []
    with transaction(session):
        session.execute(text(lie))
    assert proof.differences(session) != []
