"""Growth is what the formula says of every order, and one point more or less is found."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from member import identity, leaving
from tests import factories as make
from tests.workers.test_count_growth import count
from trade.books.registry import BOOKS
from trade.orders import close, holder


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def member(session, now):
    return make.a_member(session, points_of=500, now=now)


def _book(session):
    session.rollback()
    return BOOKS["growth"].differences(session)


def test_sales_returns_cancellations_and_merges_agree(session, shop, member, now):
    sold = make.ring_up(session, shop, now, member_id=member, points_used=100, milk=7)
    make.ring_up(session, shop, now, milk=2)
    online, cancelled, unpaid = (make.order_online(session, shop, member, now, milk=3) for _ in range(3))
    for order_id in (online, cancelled):
        make.pay_online(session, shop, order_id, now)
    assert _book(session) == []  # nothing is counted yet, and nothing is missed
    count(session, now)
    assert _book(session) == []
    make.give_back(session, shop, sold, {1: 2}, now)
    with transaction(session):
        close.cancel(session, shop.store_id, cancelled, actor="t", now=now)
        close.cancel(session, shop.store_id, unpaid, actor="t", now=now)
    make.collect_online(session, shop, online, now)
    count(session, now)
    assert _book(session) == []
    with transaction(session):
        guest = identity.by_openid(session, "oGuest", actor="t", now=now)
    make.ring_up(session, shop, now, member_id=guest, milk=4)
    count(session, now)
    with transaction(session):
        merge_id = holder.merge(session, guest, member, actor="t", now=now)
    assert _book(session) == []
    assert merge_id is not None
    with transaction(session):
        holder.unmerge(session, merge_id, actor="t", now=now)
    assert _book(session) == []


def test_what_was_written_off_for_who_left_is_no_difference(session, shop, member, now):
    make.ring_up(session, shop, now, member_id=member, milk=7)
    count(session, now)
    with transaction(session):
        leaving.erase(session, member, actor="t", now=now)
    assert _book(session) == []


@pytest.mark.parametrize(
    ("lie", "at_stake"),
    [
        ("UPDATE lot_entry SET quantity = quantity + 1 WHERE account = 'growth' AND event = 'earn'", 1),
        ("UPDATE sale_order SET earn_basis_fen = earn_basis_fen - 300", 3),
        ("UPDATE sale_order SET member_id = NULL", 69),
        ("DELETE FROM lot_entry WHERE account = 'growth'", 69),
    ],
)
def test_a_lie_is_found_with_what_is_at_stake(session, shop, member, now, lie, at_stake):
    make.ring_up(session, shop, now, member_id=member, milk=7)
    count(session, now)
    session.execute(text(lie))
    session.commit()
    (found,) = _book(session)
    assert (found["fault"], found["order_id"], found["at_stake"]) == ("growth", 1, at_stake)
    assert BOOKS["growth"].key(found).startswith("growth store_id=1 order_id=1")
