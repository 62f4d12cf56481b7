from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from config import clock, journal
from config.db import transaction
from member import terms
from tests import factories as make
from trade.orders import close
from workers.jobs import confirm_growth, count_growth
from workers.routes import ALSO, OFFERED


def drain(session):
    """Offer every open row as the relay would, and count growth for those that need it."""
    session.rollback()
    counted: list[int] = []
    while True:
        with transaction(session):
            rows = journal.lease(session, list(OFFERED), now=clock.now(), most=100, also=ALSO)
        if not rows:
            return counted
        counted += [row_id for row_id, kind in rows if OFFERED[kind][1] == "count_growth"]


def count(session, now=None):
    return count_growth.run(drain(session), now=now)


def account(session, member):
    session.rollback()
    row = session.execute(
        text("SELECT balance, pending FROM lot_account WHERE member_id = :m AND account = 'growth'"), {"m": member}
    ).first()
    return tuple(row) if row else (0, 0)


def tier(session, member):
    session.rollback()
    return session.execute(text("SELECT tier FROM member WHERE id = :m"), {"m": member}).scalar_one()


def test_a_till_sale_gives_growth_and_the_tier_it_makes(session, now):
    shop = make.open_shop(session, stock_of={"milk": 500}, now=now)
    member = make.a_member(session, now=now)
    make.ring_up(session, shop, now, member_id=member, milk=102)
    assert account(session, member) == (0, 0)
    assert count(session, now) == 1
    assert account(session, member) == (1009, 0)
    assert tier(session, member) == "silver"
    fact = session.execute(text("SELECT data FROM journal WHERE kind = 'member.tier_changed'")).scalar_one()
    assert (fact["from"], fact["to"], fact["cause"]) == ("standard", "silver", "growth")


def test_the_whole_log_told_again_changes_nothing(session, now):
    shop = make.open_shop(session, now=now)
    member = make.a_member(session, now=now)
    order = make.ring_up(session, shop, now, member_id=member, milk=10)
    make.give_back(session, shop, order, {1: 3}, now)
    count(session, now)
    before = account(session, member)
    session.execute(text("UPDATE journal SET done_at = NULL, tries = 0, leased_until = NULL"))
    session.commit()
    assert count(session, now) == 0
    assert account(session, member) == before == (99 - 99 * 2970 // 9900, 0)


def test_returns_told_before_the_sale_come_to_the_same(session, now):
    shop = make.open_shop(session, now=now)
    member = make.a_member(session, now=now)
    order = make.ring_up(session, shop, now, member_id=member, milk=3)
    for _ in range(3):
        make.give_back(session, shop, order, {1: 1}, now)
    assert count_growth.run(list(reversed(drain(session))), now=now) == 2
    assert account(session, member) == (0, 0)


def test_a_mall_order_is_provisional_until_it_is_handed_over(session, now):
    shop = make.open_shop(session, stock_of={"milk": 500}, now=now)
    member = make.a_member(session, now=now)
    order = make.order_online(session, shop, member, now, milk=102)
    count(session, now)
    assert account(session, member) == (0, 0)
    make.pay_online(session, shop, order, now)
    count(session, now)
    assert (account(session, member), tier(session, member)) == ((0, 1009), "silver")
    make.pass_review(session, shop, order, now)
    make.collect_online(session, shop, order, now)
    count(session, now)
    assert (account(session, member), tier(session, member)) == ((1009, 0), "silver")


def test_a_paid_order_that_is_refused_leaves_nothing_and_the_provisional_tier_falls(session, now):
    shop = make.open_shop(session, stock_of={"milk": 500}, now=now)
    member = make.a_member(session, now=now)
    order = make.order_online(session, shop, member, now, milk=102)
    make.pay_online(session, shop, order, now)
    count(session, now)
    assert tier(session, member) == "silver"
    with transaction(session):
        close.refuse(session, shop.store_id, order, "out_of_stock", actor="t", now=now)
    count(session, now)
    assert (account(session, member), tier(session, member)) == ((0, 0), "standard")


def test_two_workers_with_the_same_rows_count_once(session, open_session, now):
    shop = make.open_shop(session, now=now)
    members = [make.a_member(session, phone=f"1381234000{n}", now=now) for n in range(5)]
    for member in members:
        make.ring_up(session, shop, now, member_id=member, milk=10)
    ids = drain(session)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: count_growth.run(ids, now=now), range(4))) == 5
    assert [account(session, member) for member in members] == [(99, 0)] * 5
    assert session.execute(text("SELECT count(*) FROM journal WHERE kind = 'effect.count_growth'")).scalar() == 5


def test_growth_is_confirmed_when_the_after_sale_window_closes(session, now):
    with transaction(session):
        terms.announce(session, {"confirm_days": {"mall": 7}}, from_at=now, actor="t", now=now)
    shop = make.open_shop(session, stock_of={"milk": 500}, now=now)
    member = make.a_member(session, now=now)
    order = make.order_online(session, shop, member, now, milk=102)
    make.pay_online(session, shop, order, now)
    make.pass_review(session, shop, order, now)
    make.collect_online(session, shop, order, now + timedelta(hours=2))
    count(session, now + timedelta(hours=2))
    assert (account(session, member), tier(session, member)) == ((0, 1009), "silver")
    closes = now + timedelta(hours=2, days=7)
    assert confirm_growth.run(now=closes - timedelta(seconds=1)) == 0
    make.give_back(session, shop, order, {1: 2}, now + timedelta(days=2))
    count(session, now + timedelta(days=2))
    assert (account(session, member), tier(session, member)) == ((0, 1009 - 1009 * 2 // 102), "standard")
    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(lambda _: confirm_growth.run(now=closes), range(3))) == 1
    assert (account(session, member), tier(session, member)) == ((990, 0), "standard")


def test_a_refund_before_and_after_confirmation_leaves_the_same(session, now):
    with transaction(session):
        terms.announce(session, {"confirm_days": {"till": 7}}, from_at=now, actor="t", now=now)
    shop = make.open_shop(session, now=now)
    left = []
    for phone, back_at in (("13812340001", now), ("13812340002", now + timedelta(days=8))):
        member = make.a_member(session, phone=phone, now=now)
        order = make.ring_up(session, shop, now, member_id=member, milk=7)
        count(session, now)
        if back_at > now:
            assert confirm_growth.run(now=back_at) == 1
        make.give_back(session, shop, order, {1: 3}, back_at)
        count(session, back_at)
        confirm_growth.run(now=now + timedelta(days=9))
        left.append(account(session, member))
    assert left == [(69 - 69 * 3 // 7, 0)] * 2
