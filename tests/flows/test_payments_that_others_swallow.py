"""What happens to a payment that comes late, twice or in the wrong order (members-mall-orders.md 3.A, 4.16, 4.17)."""

from __future__ import annotations

import itertools

import pytest

from trade.orders import close, read
from trade.orders.pay import Outcome, receive


def _refunded(story, order):
    return story.count("SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE order_id = :o", o=order)


def test_a_payment_after_the_cancellation_is_refunded_in_full(story):
    """yudao takes a success for a cancelled order for "a repeated callback" and keeps the money."""
    order = story.order(points_used=200, milk=2)
    tender = story.intend(order)
    story.do(close.expire, story.shop.store_id, order)
    assert story.told(tender) is Outcome.REFUNDED_LATE
    assert (_refunded(story, order), story.head(order).state) == (1_780, "cancelled")
    assert (story.points.available, story.points.held) == (1_000, 0)
    assert story.count("SELECT sum(held) FROM stock_level") == 0
    assert story.count("SELECT count(*) FROM journal WHERE kind = 'refund.requested' AND done_at IS NULL") == 1
    assert read.one_of_member(story.session, story.member, order)["refunded_fen"] == 1_780  # the customer is told
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


STANDS = ("unpaid", "paid", "cancelled", "refused")
END = {"unpaid": ("paid", 0), "paid": ("paid", 0), "cancelled": ("cancelled", 1_980), "refused": ("cancelled", 1_980)}


@pytest.mark.parametrize(("stands", "times"), list(itertools.product(STANDS, (1, 2, 5))))
def test_any_number_of_notices_in_any_state_ends_in_one_place(story, stands, times):
    """A late notice elsewhere revives a cancelled order and takes the stock again (4.17, PY2)."""
    order = story.order(milk=2)
    tender = story.intend(order)
    if stands in ("paid", "refused"):
        story.told(tender)
    if stands == "refused":
        story.do(close.refuse, story.shop.store_id, order, "damaged")
    if stands == "cancelled":
        story.do(close.expire, story.shop.store_id, order)
    for _ in range(times):
        story.told(tender)
    assert (story.head(order).state, _refunded(story, order)) == END[stands]
    story.agree()
