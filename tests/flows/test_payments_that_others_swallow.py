"""What happens to a payment that comes late, twice or in the wrong order (members-mall-orders.md 3.A, 4.16, 4.17)."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.orders import close, fulfil, read
from trade.orders.pay import Outcome, receive
from trade.payments import moves as payments


def _refunded(story, order):
    return story.count("SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE order_id = :o", o=order)


def test_a_payment_after_the_expiry_brings_the_order_back(story):
    """yudao takes a success for a cancelled order for "a repeated callback" and keeps the money."""
    order = story.order(points_used=200, milk=2)
    tender = story.intend(order)
    story.do(close.expire, story.shop.store_id, order)
    assert story.told(tender) is Outcome.RESTORED_LATE
    head = story.head(order)
    assert (_refunded(story, order), head.state, head.closed_at) == (0, "confirmed", None)
    assert (story.points.available, story.points.held) == (800, 0)
    assert story.count("SELECT sum(committed) FROM stock_level") == 2
    story.collect(order)
    story.follow()
    story.agree()


def test_a_payment_after_the_goods_are_gone_is_refunded_in_full(story):
    order = story.order(points_used=200, milk=2)
    tender = story.intend(order)
    story.do(close.expire, story.shop.store_id, order)
    story.sell(member=None, milk=99)
    assert story.told(tender) is Outcome.REFUNDED_LATE
    assert (_refunded(story, order), story.head(order).state) == (1_780, "cancelled")
    assert story.points.held == 0
    assert story.count("SELECT sum(committed) FROM stock_level") == 0
    assert story.count("SELECT count(*) FROM journal WHERE kind = 'refund.requested' AND done_at IS NULL") == 1
    assert read.one_of_member(story.session, story.member, order)["refunded_fen"] == 1_780  # the customer is told
    story.follow()
    story.agree()


def test_a_payment_told_five_times_is_one_payment(story):
    order = story.order(milk=2)
    tender = story.intend(order)
    story.told(tender)
    first_paid_at = story.head(order).paid_at
    assert [story.do(receive, story.facts[-1]) for _ in range(4)] == [Outcome.REPEATED] * 4
    assert story.head(order).paid_at == first_paid_at
    assert story.count("SELECT count(*) FROM lot_entry WHERE event = 'earn' AND source = :s", s=f"order:{order}") == 1
    story.agree()


def _at(story, stands):
    """An order of two (19.80) that stands so; its WeChat attempt."""
    order = story.order(milk=2)
    tender = story.intend(order)
    if stands in ("expired", "cancelled unpaid"):
        with transaction(story.session):
            payments.closing(story.session, story.shop.store_id, tender.id, now=story.now)
            assert payments.closed(story.session, story.shop.store_id, tender.id)
        story.do(close.expire if stands == "expired" else close.cancel, story.shop.store_id, order)
    if stands == "expired, and sold out":
        story.do(close.expire, story.shop.store_id, order)
        story.sell(milk=99)
    if stands in ("unpaid", "expired", "cancelled unpaid", "expired, and sold out"):
        return order, tender
    story.told(tender)
    if stands == "cancelled":
        story.cancel(order)
    elif stands == "confirmed":
        story.do(fulfil.accept, make.parcel(story.session, order))
    elif stands == "refused":
        story.do(close.refuse, story.shop.store_id, order, "damaged")
    elif stands != "paid":
        story.collect(order)
        if stands != "done":
            story.give_back(order, lines={1: 1 if stands == "partly refunded" else 2})
    return order, tender


#   the order stands        first notice              then    state        refunded
OUTCOMES = {
    "unpaid": (Outcome.APPLIED, "confirmed", 0),
    "paid": (Outcome.REPEATED, "confirmed", 0),
    "confirmed": (Outcome.REPEATED, "confirmed", 0),
    "done": (Outcome.REPEATED, "done", 0),
    "partly refunded": (Outcome.REPEATED, "done", 990),
    "refunded": (Outcome.REPEATED, "done", 1_980),
    "cancelled": (Outcome.REPEATED, "cancelled", 1_980),
    "refused": (Outcome.REPEATED, "cancelled", 1_980),
    "expired": (Outcome.RESTORED_LATE, "confirmed", 0),
    "cancelled unpaid": (Outcome.RESTORED_LATE, "confirmed", 0),
    "expired, and sold out": (Outcome.REFUNDED_LATE, "cancelled", 1_980),
}
"""What one notice of the order's own attempt comes to; every further one changes nothing."""

SECOND = {
    "unpaid": (Outcome.APPLIED, "confirmed", 1_980),
    "paid": (Outcome.REFUNDED_LATE, "confirmed", 1_980),
    "confirmed": (Outcome.REFUNDED_LATE, "confirmed", 1_980),
    "done": (Outcome.REFUNDED_LATE, "done", 1_980),
    "partly refunded": (Outcome.REFUNDED_LATE, "done", 2_970),
    "refunded": (Outcome.REFUNDED_LATE, "done", 3_960),
    "cancelled": (Outcome.REFUNDED_LATE, "cancelled", 3_960),
    "refused": (Outcome.REFUNDED_LATE, "cancelled", 3_960),
    "expired": (Outcome.RESTORED_LATE, "confirmed", 1_980),
    "cancelled unpaid": (Outcome.RESTORED_LATE, "confirmed", 1_980),
    "expired, and sold out": (Outcome.REFUNDED_LATE, "cancelled", 3_960),
}
"""The same when an older attempt, which WeChat closed and let be paid all the same, is told, too: both were captured,
and one of them always goes back."""


def _kept(story):
    """Captured and not on its way back, in fen."""
    return story.count("""SELECT (SELECT coalesce(sum(amount_fen), 0) FROM tender WHERE state IN ('paid', 'late'))
        - (SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE state <> 'closed' AND kind = 'wechat')
        - (SELECT coalesce(sum(amount_fen), 0) FROM tender WHERE kind = 'cash' AND state = 'paid')""")


@pytest.mark.parametrize(("stands", "times"), list(itertools.product(OUTCOMES, (1, 2, 5))))
def test_any_number_of_notices_in_any_state_ends_in_one_place(story, stands, times):
    """A late notice elsewhere revives a refunded order and takes its stock again (4.17, PY2)."""
    first, state, refunded_fen = OUTCOMES[stands]
    order, tender = _at(story, stands)
    told = [story.told(tender) for _ in range(times)]
    assert told == [first] + [Outcome.REPEATED] * (times - 1)
    assert (story.head(order).state, _refunded(story, order)) == (state, refunded_fen)
    story.follow()
    story.agree()


@pytest.mark.parametrize(("stands", "swapped"), list(itertools.product(SECOND, (False, True))))
def test_two_attempts_that_were_both_paid_are_one_payment(story, stands, swapped):
    """An older attempt of the order, closed by us, turns out to be paid, too; in either order of the notices."""
    first, state, refunded_fen = SECOND[stands]
    order, tender = _at(story, stands)
    older = _older(story, order)
    told = [story.told(one) for one in ((tender, older) if swapped else (older, tender))]
    assert (told[0] if not swapped or stands in ("unpaid", "expired", "cancelled unpaid") else told[1]) is first
    assert (story.head(order).state, _refunded(story, order)) == (state, refunded_fen)
    assert _kept(story) == 3_960 - refunded_fen
    story.follow()
    story.agree()


def _older(story, order):
    """An attempt of the order that WeChat said it closed."""
    with transaction(story.session):
        return story.session.execute(
            text("""INSERT INTO tender (store_id, order_id, kind, way, state, amount_fen, received_fen, change_fen,
                    trade_no, payer, created_at, expires_at, asked)
                VALUES (:s, :o, 'wechat', 'jsapi', 'closed', 1980, 0, 0, 'TD0000000001A0', 'o1', :now, :now, 0)
                RETURNING *"""),
            {"s": story.shop.store_id, "o": order, "now": story.now},
        ).one()
