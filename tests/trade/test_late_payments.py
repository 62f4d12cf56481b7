"""Money that comes after its order has ended: the order goes on whole, or all of it goes back (rules 3.7, 4.16)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from member.wallet_terms import Split
from tests import factories as make
from tests.stories import Story, books
from tests.trade.fulfilment import chain
from trade.orders import addresses, close, pay
from trade.orders.pay import Outcome
from trade.payments.refunds import moves as refunds
from trade.stock import moves as stock
from workers.jobs import settle_late


@pytest.fixture
def story(session, now):
    return Story(session, now, points_of=1_000)


@pytest.fixture
def rich(story):
    """An order of 20 milk and 2 bread that uses everything an order can use, ended unpaid; story, order, attempt."""
    story.promotion = make.a_promotion(
        story.session, story.now, name="满200减30", steps=[[20_000, 3_000]], quotas={"total_units": 1}
    )
    story.top_up(5_000, bonus_fen=1_000)
    story.ids["coupon"] = story.coupon()
    order = make.order_online(
        story.session, story.shop, story.member, story.now, points_used=300, wallet_fen=3_000,
        coupon_ids=[story.ids["coupon"]], milk=20, bread=2,
    )  # fmt: skip
    tender = story.intend(order)
    story.do(close.expire, story.shop.store_id, order)
    return story, order, tender


def _shown(story, order):
    """Everything that late money may move."""
    story.session.rollback()
    found = story.session.execute(
        text("""SELECT (SELECT state FROM sale_order WHERE id = :order) AS state,
            (SELECT state FROM coupon WHERE id = :coupon) AS coupon,
            (SELECT sum(held + committed) FROM stock_level) AS held,
            (SELECT sum(units - back_units) FROM promotion_use WHERE order_id = :order) AS uses"""),
        {"order": order, "coupon": story.ids.get("coupon")},
    ).one()
    story.session.rollback()
    return tuple(found)


def test_all_that_the_order_uses_is_taken_again(rich):
    story, order, tender = rich
    assert _shown(story, order) == ("cancelled", "issued", 0, 0)
    assert story.told(tender) is Outcome.RESTORED_LATE
    assert _shown(story, order) == ("confirmed", "used", 22, 1)
    assert (story.points.available, story.points.held) == (700, 0)
    assert story.stored == Split(2_500, 500)
    story.follow()
    story.agree()
    story.collect(order)
    story.give_back(order, lines={1: 5})
    story.follow()
    story.agree()


def test_a_revived_order_can_be_cancelled_and_leaves_nothing(rich):
    story, order, tender = rich
    story.told(tender)
    story.cancel(order)
    assert _shown(story, order) == ("cancelled", "returned", 0, 0)
    assert (story.points.available, story.stored) == (1_000, Split(5_000, 1_000))
    assert story.told(tender) is Outcome.REPEATED
    story.follow()
    story.agree()


def _sold_out(story, order):
    story.sell(milk=81)


def _points_spent(story, order):
    story.sell(points_used=800, bread=4)


def _coupon_used(story, order):
    make.ring_up(
        story.session, story.shop, story.now, member_id=story.member, coupon_ids=[story.ids["coupon"]], bread=2
    )


def _wallet_spent(story, order):
    make.ring_up(story.session, story.shop, story.now, member_id=story.member, wallet_fen=4_000, milk=5)


def _quota_used(story, order):
    make.ring_up(story.session, story.shop, story.now, milk=21)


def _too_late(story, order):
    story.now += timedelta(hours=2)


GONE = {
    "out_of_stock": _sold_out,
    "points_short": _points_spent,
    "coupon_taken": _coupon_used,
    "wallet_short": _wallet_spent,
    "promotion_quota_used": _quota_used,
    "promise_past": _too_late,
}


@pytest.mark.parametrize("why", GONE)
def test_if_any_of_it_is_gone_nothing_moves_but_the_money(rich, why):
    story, order, tender = rich
    GONE[why](story, order)
    before = _shown(story, order), story.points, story.stored
    assert story.told(tender) is Outcome.REFUNDED_LATE
    assert (_shown(story, order), story.points, story.stored) == before
    row = story.session.execute(
        text("""SELECT l.state, l.why, l.cause, r.refund_no, r.amount_fen = l.amount_fen, c.kind, c.money_fen
            FROM late_payment l JOIN refund r USING (store_id, tender_id)
            JOIN exception_case c ON c.subject = 'tender:' || l.store_id || ':' || l.tender_id""")
    ).one()
    story.session.rollback()
    assert tuple(row) == ("open", why, "ended_unpaid", f"L{tender.id}", True, "paid_late", tender.amount_fen)
    story.follow()
    story.agree()


def test_it_is_settled_when_wechat_has_taken_the_refund(rich, open_session):
    story, order, tender = rich
    _sold_out(story, order)
    story.told(tender)
    assert settle_late.run(open_session) == 0
    with transaction(story.session):
        refunds.move(story.session, f"L{tender.id}", "accept", actor="wechat", now=story.now)
    assert settle_late.run(open_session) == 1
    assert settle_late.run(open_session) == 0
    assert story.count("SELECT state FROM late_payment") == "refunded"
    assert story.count("SELECT note FROM exception_case WHERE resolved_at IS NOT NULL") == "refunded"
    told = "SELECT string_agg(kind, ' ' ORDER BY id) FROM journal WHERE kind LIKE 'payment.late%'"
    assert story.count(told) == "payment.late payment.late_refunded"


def test_eight_notices_at_once_bring_one_order_back_once(story, open_session):
    order = story.order(points_used=200, milk=2)
    fact = make.settled(story.intend(order))
    story.do(close.expire, story.shop.store_id, order)

    def tell(_):
        with open_session() as session, transaction(session):
            return pay.receive(session, fact, actor="wechat", now=story.now)

    with ThreadPoolExecutor(8) as pool:
        told = sorted(pool.map(tell, range(8)))
    assert told == [Outcome.REPEATED] * 7 + [Outcome.RESTORED_LATE]
    story.follow()
    story.agree()


@pytest.mark.parametrize("again", range(3))
def test_late_money_and_a_buyer_at_the_last_unit(session, now, open_session, again):
    """The order comes back or the buyer gets it; the other's money goes back, or is not taken."""
    story = Story(session, now, bread=1)
    order = story.order(bread=1)
    fact = make.settled(story.intend(order))
    story.do(close.expire, story.shop.store_id, order)

    def tell():
        with open_session() as other, transaction(other):
            return pay.receive(other, fact, actor="wechat", now=now) is Outcome.RESTORED_LATE

    def buy():
        try:
            with open_session() as other:
                make.ring_up(other, story.shop, now, bread=1)
        except stock.OutOfStock:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.submit(tell), pool.submit(buy)
    assert one.result() != other.result()
    assert story.head(order).state == ("confirmed" if one.result() else "cancelled")
    story.follow()
    story.agree()


def test_the_proof_sees_money_that_was_kept(rich):
    story, order, tender = rich
    _sold_out(story, order)
    story.told(tender)
    story.follow()
    for lie in (
        "DELETE FROM refund",
        "UPDATE late_payment SET state = 'restored', settled_at = now()",
        "UPDATE sale_order SET revived_at = now() WHERE id = " + str(order),
        "DELETE FROM late_payment",
    ):
        assert "late_payments" in books(story.session, lie), lie


@pytest.mark.parametrize(("mode", "outcome"), [("delivery", "moved"), ("pickup", "open")])
def test_what_is_brought_may_come_from_another_store(session, now, mode, outcome):
    """The own store sold the last ones meanwhile; a pickup stays where the customer wanted it."""
    shop, other = chain.open_chain(session, 2, now, milk=3)
    member = make.a_member(session, points_of=500, now=now)
    order = make.order_online(session, shop, member, now, points_used=100, milk=2)
    chain.do(session, "UPDATE sale_order SET mode = :mode", mode=mode)
    with transaction(session):
        addresses.write(session, shop.store_id, order, chain.HOME, now=now)
    tender = make.tender(session, shop, order, now)
    with transaction(session):
        close.expire(session, shop.store_id, order, actor="t", now=now)
    make.ring_up(session, shop, now, milk=2)
    with transaction(session):
        pay.receive(session, make.settled(tender), actor="wechat", now=now)
    assert session.execute(text("SELECT state FROM late_payment")).scalar() == outcome
    held = {} if outcome == "open" else {other.store_id: {"committed": 2}}
    assert chain.held(session, order) == held
    assert [one.at_store_id for one in chain.of(session, order)] == list(held)
    session.rollback()
    assert {book: rows for book, rows in books(session).items() if book not in ("credits", "growth")} == {}
