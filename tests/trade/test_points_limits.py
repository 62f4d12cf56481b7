"""What orders may bring in a day and a month holds in any race, and what is cut off is written on the order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from config.db import transaction
from member import ledger, points, terms
from tests import factories as make
from trade.orders import close, place, proof


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 100, "egg": 100}, now=now)


def _limit(session, now, **terms_body):
    with transaction(session):
        terms.announce(session, terms_body, from_at=now, actor="t", now=now)


def _orders(session):
    lines = "(SELECT sum(earns_points) FROM order_line l WHERE l.order_id = o.id)"
    return session.execute(text(f"SELECT o.earns_points, {lines} FROM sale_order o ORDER BY 1")).all()


@pytest.mark.parametrize("limit", ["max_per_day", "max_per_month"])
def test_at_one_instant_no_more_points_come_than_the_limit(open_session, session, now, limit):
    """Each sale is in a shop of its own, so that nothing but the member's account makes them wait for each other."""
    shops = [make.open_shop(session, code=f"S{number}", now=now) for number in range(4)]
    member = make.a_member(session, now=now)
    _limit(session, now, **{limit: 20})
    basket = place.Basket(shops[0].store_id, make.wants(shops[0], milk=1), member)
    assert place.price(session, basket, now=now).earns_points == 9
    together = Barrier(len(shops))

    def sells(shop):
        with open_session() as mine:
            together.wait()
            make.ring_up(mine, shop, now, member_id=member, milk=1)

    with ThreadPoolExecutor(len(shops)) as pool:
        list(pool.map(sells, shops))
    assert points.balance(session, member).available == 20
    earned = _orders(session)
    assert sorted(order for order, _ in earned) == [0, 2, 9, 9] and all(order == lines for order, lines in earned)
    assert [ledger.differences(session), proof.differences(session)] == [[], []]


@pytest.mark.parametrize("limit", ["max_per_day", "max_per_month"])
def test_eight_credits_at_once_share_what_the_limit_leaves(open_session, session, now, limit):
    member = make.a_member(session, now=now)
    _limit(session, now, **{limit: 20})
    together = Barrier(8)

    def credits(number):
        with open_session() as mine:
            together.wait()
            with transaction(mine):
                brings = points.room(mine, member, 9, now=now)
                if brings:
                    key = f"order:{number}"
                    points.earn(mine, member, brings, source=key, key=f"{key}:earn", pending=False, actor="t", now=now)
                return brings

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(credits, range(8))) == [0] * 5 + [2, 9, 9]
    assert points.balance(session, member).available == 20


def test_mall_orders_placed_before_the_limit_was_used_up_bring_what_is_left_when_they_are_paid(session, shop, now):
    member = make.a_member(session, now=now)
    _limit(session, now, max_per_day=20)
    basket = place.Basket(shop.store_id, make.wants(shop, milk=1), member, channel="mall")
    quoted = place.price(session, basket, now=now).earns_points
    orders = [make.order_online(session, shop, member, now, milk=1) for _ in range(3)]
    for order_id in orders:
        make.pay_online(session, shop, order_id, now)
    assert points.balance(session, member).pending == 20
    cut = session.execute(text("SELECT data ->> 'over' FROM journal WHERE kind = 'order.earned_less'")).scalars().all()
    assert sum(map(int, cut)) == 3 * quoted - 20
    with transaction(session):
        close.cancel(session, shop.store_id, orders[0], actor="t", now=now)
    assert [ledger.differences(session), proof.differences(session)] == [[], []]
    make.ring_up(session, shop, now + timedelta(days=1), member_id=member, milk=1)
    assert points.balance(session, member).available > 0
