"""Every way an order may end gives a locked or used coupon back, and no way gives it twice (complaint 4.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from member.coupons.states import Kind, ReturnRule
from tests import factories as make
from trade.books.registry import prove
from trade.orders import close, coupon_proof


def _do(session, step, *args, **kwargs):
    with transaction(session):
        return step(session, *args, **kwargs)


def _states(session):
    session.rollback()
    return session.execute(text("SELECT state FROM coupon ORDER BY id")).scalars().all()


def _wrong(session):
    session.rollback()
    with transaction(session):
        return [one.rows for one in prove(session, ["coupons", "orders", "ledger"]) if one.rows]


EXITS = {
    "expire": (False, lambda s, k, now: close.expire(s, *k, actor="t", now=now), ["issued"]),
    "cancel": (False, lambda s, k, now: close.cancel(s, *k, actor="t", now=now), ["issued"]),
    "cancel paid": (True, lambda s, k, now: close.cancel(s, *k, actor="t", now=now), ["returned", "issued"]),
    "refuse": (
        True,
        lambda s, k, now: close.refuse(s, k[0], k[1], "damaged", actor="t", now=now),
        ["returned", "issued"],
    ),
}


class KilledError(Exception):
    """The worker dies before its transaction ends."""


def _killed(session, leave, key, now):
    leave(session, key, now)
    raise KilledError


@pytest.mark.parametrize("way", EXITS)
def test_every_exit_gives_the_coupon_back(session, shop, member, now, way):
    paid, leave, states = EXITS[way]
    coupon = make.a_coupon(session, member, now)
    order = make.order_online(session, shop, member, now, coupon_ids=[coupon], milk=2)
    assert _states(session) == ["locked"] and _wrong(session) == []
    if paid:
        make.pay_online(session, shop, order, now, times=2)
        assert _states(session) == ["used"] and _wrong(session) == []
    with pytest.raises(KilledError):
        _do(session, _killed, leave, (shop.store_id, order), now)
    assert _states(session) == ["used" if paid else "locked"]
    _do(session, leave, (shop.store_id, order), now)
    assert _states(session) == states
    assert _wrong(session) == []
    again = session.execute(text("SELECT id FROM coupon WHERE state = 'issued'")).scalar_one()
    make.ring_up(session, shop, now, member_id=member, coupon_ids=[again], milk=2)


def test_the_stores_fault_lengthens_what_comes_back(session, shop, member, now):
    coupon = make.a_coupon(session, member, now, valid_days=1)
    order = make.order_online(session, shop, member, now, coupon_ids=[coupon], milk=2)
    make.pay_online(session, shop, order, now, times=2)
    later = now + timedelta(days=1)
    _do(session, close.refuse, shop.store_id, order, "damaged", actor="t", now=later)
    until = session.execute(text("SELECT valid_until_at FROM coupon WHERE state = 'issued'")).scalar_one()
    assert until == now + timedelta(days=4, hours=12)


def test_a_coupon_returns_with_the_last_line_that_carried_its_share_and_not_before(session, shop, member, now):
    coupon = make.a_coupon(session, member, now, scope={"exclude": {"skus": [shop.skus["bread"]]}})
    order = make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2, bread=1, apple=1000)
    first = make.give_back(session, shop, order, {1: 2}, now)
    assert first.coupons.as_json() == {"coupons_back": [], "coupons_void": [], "coupons_given_spent": []}
    make.give_back(session, shop, order, {3: 400}, now)
    assert _states(session) == ["used"]
    last = make.give_back(session, shop, order, {3: 600}, now)
    assert last.coupons.back == [{"id": coupon, "name": "满10减5"}]
    assert _states(session) == ["returned", "issued"]
    row = session.execute(text("SELECT reissue_of_id, seq FROM coupon WHERE state = 'issued'")).one()
    assert tuple(row) == (coupon, 2)
    make.give_back(session, shop, order, {2: 1}, now)
    assert _states(session) == ["returned", "issued"] and _wrong(session) == []


def test_an_offer_that_never_returns_stays_used(session, shop, member, now):
    coupon = make.a_coupon(session, member, now, return_rule=ReturnRule.NEVER)
    order = make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    assert make.give_back(session, shop, order, {1: 2}, now).coupons.back == []
    assert _states(session) == ["used"] and _wrong(session) == []


def test_an_order_that_coupons_pay_in_full_waits_for_nobody(session, shop, member, now):
    coupon = make.a_coupon(session, member, now, kind=Kind.CASH, threshold_fen=0, off_fen=2500)
    order = make.order_online(session, shop, member, now, coupon_ids=[coupon], milk=2)
    assert close.head(session, shop.store_id, order).state == "confirmed"
    assert _states(session) == ["used"] and _wrong(session) == []
    _do(session, close.cancel, shop.store_id, order, actor="t", now=now)
    assert _states(session) == ["returned", "issued"] and _wrong(session) == []


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE coupon SET order_id = 99",
        "UPDATE allocation SET source_id = 99",
        "UPDATE sale_order SET state = 'cancelled'",
        "DELETE FROM allocation WHERE line_no = 1",
    ],
)
def test_a_coupon_that_contradicts_its_order_is_found(session, shop, member, now, lie):
    coupon = make.a_coupon(session, member, now)
    make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    assert coupon_proof.differences(session) == []
    with transaction(session):
        session.execute(text(lie))
    assert coupon_proof.differences(session) != []
