"""Two members that were taken for one person become two again (the rule and its table: member/DECISIONS.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, Refused
from member import identity, ledger, merging, points, proof, sessions
from member.coupons import proof as coupon_proof
from member.merge_history import MergeSpentAcross
from tests import factories as make
from trade.orders import coupon_proof as order_coupon_proof
from trade.orders import holder

BY: dict[str, Any] = {"actor": "t"}
TABLES = (
    "identity",
    "member_session",
    "coupon",
    "lot",
    "lot_entry",
    "lot_consumption",
    "lot_account",
    "sale_order",
    "top_up",
)


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def look(session):
    """Every row that a merge moves."""

    def rows():
        session.rollback()
        return {name: session.execute(text(f"SELECT t::text FROM {name} t ORDER BY 1")).all() for name in TABLES}

    return rows


@pytest.fixture
def two(session, shop, now):
    """A till member with 500 points, and a guest who bought and has 300."""
    till = make.a_member(session, points_of=500, now=now)
    with transaction(session):
        guest = identity.by_openid(session, "oGuest", now=now, **BY)
        points.earn(session, guest, 300, source="gift:2", key=f"gift:{till}", pending=False, now=now, **BY)
        sessions.sign_in(session, guest, b"sealed", now=now)
    make.ring_up(session, shop, now, member_id=guest, points_used=100, milk=1)
    return till, guest


def _merge(session, guest, till, now):
    with transaction(session):
        merge_id = holder.merge(session, guest, till, now=now, **BY)
    assert merge_id is not None
    return merge_id


def _unmerge(session, merge_id, now):
    with transaction(session):
        return holder.unmerge(session, merge_id, now=now, **BY)


def _sound(session):
    session.rollback()
    return ledger.differences(session) == proof.differences(session) == []


def test_a_round_trip_leaves_every_row_as_before(session, two, look, now):
    till, guest = two
    before = look()
    merge_id = _merge(session, guest, till, now)
    assert points.balance(session, till).available == 500 + 208
    assert _unmerge(session, merge_id, now) is True
    assert look() == before
    assert _unmerge(session, merge_id, now) is False
    assert look() == before
    told = merging.merges_of(session, till)
    assert [(one["source_id"], one["unmerged_at"]) for one in told] == [(guest, now.isoformat())]


def test_equal_keys_of_both_do_not_stop_a_merge(session, two, look, now):
    """Both were given the same gift under the same key."""
    till, guest = two
    before = look()
    merge_id = _merge(session, guest, till, now)
    keys = session.execute(text("SELECT key FROM lot_entry WHERE key LIKE 'gift:%' ORDER BY id")).scalars().all()
    assert keys == [f"gift:{till}", f"gift:{till}:of:{guest}"]
    _unmerge(session, merge_id, now)
    assert look() == before


def test_what_came_since_stays_and_what_belongs_to_its_orders_goes_back(session, shop, two, now):
    till, guest = two
    with transaction(session):
        points.earn(session, guest, 40, source="gift:3", key="gift:3", pending=True, now=now, **BY)
    merge_id = _merge(session, guest, till, now)
    make.ring_up(session, shop, now, member_id=till, milk=2)
    assert _unmerge(session, merge_id, now)
    assert (points.balance(session, till).available, points.balance(session, guest).available) == (519, 208)
    assert points.balance(session, guest).pending == 40
    assert _sound(session)
    owners = session.execute(text("SELECT member_id FROM sale_order ORDER BY id")).scalars().all()
    assert owners == [guest, till]


def _soon(session, guest, now):
    """200 points of the guest that expire first."""
    with transaction(session):
        points.earn(session, guest, 200, source="gift:3", key="gift:3", pending=False, now=now, **BY)
        session.execute(text("UPDATE lot SET expires_at = expires_at - interval '40 days' WHERE source = 'gift:3'"))


def test_what_one_spent_of_the_other_is_made_good_from_its_own(session, shop, two, now):
    """A sale of the other since the merge takes the guest's 200, which expire first, and 100 of its own."""
    till, guest = two
    _soon(session, guest, now)
    merge_id = _merge(session, guest, till, now)
    make.ring_up(session, shop, now, member_id=till, points_used=300, milk=1)
    assert _unmerge(session, merge_id, now)
    assert points.balance(session, guest).available == 208 + 200
    assert points.balance(session, till).available == 500 - 300 + 6
    assert ledger.differences(session) == []
    made_good = session.execute(
        text("SELECT member_id, sum(quantity)::bigint AS points FROM lot_entry WHERE event = 'adjust' GROUP BY 1")
    ).all()
    assert sorted(map(tuple, made_good)) == sorted([(till, -200), (guest, 200)])


def test_more_than_one_has_cannot_be_made_good(session, shop, two, look, now):
    """Of 600 spent, 200 were the guest's; the other has 100 left and earned 13."""
    till, guest = two
    _soon(session, guest, now)
    merge_id = _merge(session, guest, till, now)
    make.ring_up(session, shop, now, member_id=till, points_used=600, milk=2)
    before = look()
    with pytest.raises(MergeSpentAcross) as refused:
        _unmerge(session, merge_id, now)
    assert refused.value.facts == {"account": "points", "short": 87, "sources": ["gift:3"]}
    assert look() == before


def test_what_the_source_spent_of_a_lot_that_both_used_is_refused(session, shop, two, look, now):
    """The guest's own sale and one of the other took of one lot: the guest's return must still find it."""
    till, guest = two
    with transaction(session):
        session.execute(text("UPDATE lot SET expires_at = expires_at - interval '40 days' WHERE source = 'gift:2'"))
    merge_id = _merge(session, guest, till, now)
    make.ring_up(session, shop, now, member_id=till, points_used=100, milk=1)
    before = look()
    with pytest.raises(MergeSpentAcross) as refused:
        _unmerge(session, merge_id, now)
    assert refused.value.facts["sources"] == ["order:1"]
    assert look() == before


def _late(session, till, guest, merge_id, now):
    return merge_id, now + timedelta(days=31)


def _again(session, till, guest, merge_id, now):
    other = make.a_member(session, phone="13900000001", now=now)
    _merge(session, till, other, now)
    return merge_id, now


def _unknown(session, till, guest, merge_id, now):
    return 999, now


def _owing(session, till, guest, merge_id, now):
    with transaction(session):
        points.claw(session, till, 1000, source="order:99", key="return:99", now=now, **BY)
    return merge_id, now


@pytest.mark.parametrize(
    ("later", "code"),
    [(_late, "merge_too_late"), (_again, "merge_superseded"), (_unknown, NotFound.code), (_owing, "merge_in_debt")],
)
def test_later_facts_make_it_impossible_and_nothing_moves(session, two, look, now, later, code):
    till, guest = two
    asked, at = later(session, till, guest, _merge(session, guest, till, now), now)
    before = look()
    with pytest.raises(Refused) as refused:
        _unmerge(session, asked, at)
    assert refused.value.code == code
    assert look() == before


def test_both_are_whole_again_for_the_books(session, shop, two, now):
    till, guest = two
    merge_id = _merge(session, guest, till, now)
    _unmerge(session, merge_id, now)
    assert (identity.card(session, guest).points, identity.card(session, till).points) == (208, 500)
    make.ring_up(session, shop, now, member_id=guest, points_used=100, milk=1)
    assert _sound(session)
    assert proof.differences(session) == []


def _coupons(session):
    rows = session.execute(text("SELECT member_id, id FROM coupon WHERE state = 'issued' ORDER BY id")).all()
    return [tuple(row) for row in rows]


def test_coupons_go_along_a_chain_of_merges_and_back_in_the_order_it_was_made(session, shop, two, now):
    till, guest = two
    last = make.a_member(session, phone="13900000001", now=now)
    held = [(who, make.a_coupon(session, who, now)) for who in (guest, till, last)]
    first_id, second_id = _merge(session, guest, till, now), _merge(session, till, last, now)
    assert _coupons(session) == [(last, coupon) for _, coupon in held]
    assert _unmerge(session, second_id, now)
    assert _coupons(session) == [(till, held[0][1]), (till, held[1][1]), (last, held[2][1])]
    assert _unmerge(session, first_id, now)
    assert _coupons(session) == held
    assert coupon_proof.differences(session) == []


def test_a_coupon_that_an_order_of_the_other_has_used_stays_with_it_and_one_issued_again_goes_back(
    session, shop, two, now
):
    till, guest = two
    kept, back = make.a_coupon(session, guest, now), make.a_coupon(session, guest, now)
    merge_id = _merge(session, guest, till, now)
    orders = [make.ring_up(session, shop, now, member_id=till, coupon_ids=[one], milk=3) for one in (kept, back)]
    make.give_back(session, shop, orders[1], {1: 3}, now)
    assert _unmerge(session, merge_id, now)
    again = session.execute(text("SELECT member_id, reissue_of_id FROM coupon WHERE state = 'issued'")).all()
    assert again == [(guest, back)]
    make.give_back(session, shop, orders[0], {1: 3}, now)
    assert (
        session.execute(text("SELECT DISTINCT state FROM coupon WHERE id = :id"), {"id": kept}).scalar() == "returned"
    )
    assert coupon_proof.differences(session) == order_coupon_proof.differences(session) == []


def test_stored_value_that_was_spent_across_is_not_told_apart(session, shop, two, look, now):
    """The other paid with what the guest had topped up: whose money it was nobody guesses."""
    till, guest = two
    make.top_up(session, shop, guest, 5_000, now)
    make.top_up(session, shop, till, 5_000, now)
    merge_id = _merge(session, guest, till, now)
    make.ring_up(session, shop, now, member_id=till, wallet_fen=990, milk=1)
    before = look()
    with pytest.raises(MergeSpentAcross) as refused:
        _unmerge(session, merge_id, now)
    assert (refused.value.facts["account"], refused.value.facts["short"]) == ("stored_principal", 990)
    assert refused.value.facts["sources"] == ["order:2"]
    assert look() == before
