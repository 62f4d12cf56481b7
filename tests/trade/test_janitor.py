"""Whatever end is not known is settled, and what cannot be is on the desk (wechat.md 2.6, 2.9)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock, journal
from config.db import transaction
from config.errors import WeChatBusy
from config.wechat import ready
from paying import online, told
from tests.stories import Story
from tests.wechat_stand_in.in_process import InProcess
from tests.wechat_stand_in.reading import of_the_run
from trade.orders.pay import Outcome, receive
from trade.payments import metrics
from trade.payments import moves as payments
from trade.payments.moves import Paid
from trade.payments.refunds import moves as refunds
from workers.jobs import ask_payments, ask_refunds, expire_unpaid, send_refunds, settle_late, settle_payments


class Town:
    """A shop, a member and WeChat on one clock that the test moves; the jobs run as the schedule has them."""

    def __init__(self, story, monkeypatch):
        self.story = story
        self.faults: Counter[str] = Counter()
        monkeypatch.setattr(clock, "now", lambda: self.story.now)
        monkeypatch.setattr(ready, "_credentials", lambda: None)
        self.wechat = InProcess(clock.now, self._strikes)
        monkeypatch.setattr(ready, "Pay", lambda _: self.wechat)
        ready.pay.cache_clear()

    def _strikes(self, fault):
        if not self.faults[fault]:
            return False
        self.faults[fault] -= 1
        return True

    def opened(self, order):
        """The member opens WeChat's sheet; the attempt's number."""
        online.open_payment(self.story.session, self.story.shop.store_id, order, openid="o1", now=self.story.now)
        return self.story.count("SELECT trade_no FROM tender WHERE order_id = :o ORDER BY id DESC LIMIT 1", o=order)

    def wait(self, seconds):
        """Time passes, and every job runs as often as the schedule says."""
        for _ in range(0, seconds, 10):
            self.story.now += timedelta(seconds=10)
            for job in (ask_payments, expire_unpaid, settle_payments, ask_refunds, settle_late):
                job.run()
            with transaction(self.story.session):
                rows = journal.lease(self.story.session, ["refund.requested"], now=self.story.now, most=100)
            send_refunds.run([row for row, _ in rows])

    def row(self, said):
        found = self.story.session.execute(text(said)).all()
        self.story.session.rollback()
        return [tuple(one) for one in found]


@pytest.fixture
def town(session, now, monkeypatch):
    yield Town(Story(session, now, points_of=1_000), monkeypatch)
    ready.pay.cache_clear()


CASES = "SELECT kind, cause, money_fen, resolved_at IS NOT NULL FROM exception_case ORDER BY id"


@pytest.mark.parametrize("after_s", [0, 100, 250, 500, 800])
def test_a_payment_whose_notice_is_lost_is_found_within_two_minutes(town, after_s):
    order = town.story.order(milk=1)
    number = town.opened(order)
    town.wait(after_s)
    assert town.wechat.customer_pays(number)
    town.wait(120)
    assert town.story.head(order).state == "confirmed"
    town.story.follow()
    town.story.agree()


def test_without_the_sweep_a_payment_whose_notice_is_lost_is_found_only_when_its_time_is_over(town, monkeypatch):
    monkeypatch.setattr(ask_payments, "run", lambda: 0)
    order = town.story.order(milk=1)
    assert town.wechat.customer_pays(town.opened(order))
    town.wait(300)
    assert town.story.head(order).state == "placed"
    town.wait(720)
    assert town.story.head(order).state == "confirmed"


@pytest.mark.parametrize(("fault", "state"), [("lost", "cancelled"), ("unheard", "cancelled")])
def test_an_attempt_that_was_not_closed_to_the_end_is_closed(town, fault, state):
    """The customer cancels, WeChat does not answer: the order stands, and two minutes later it can be cancelled,
    or once WeChat lets a young order be closed."""
    order = town.story.order(milk=1)
    town.opened(order)
    town.faults[fault] = 2  # the question, then the close
    with pytest.raises(WeChatBusy):
        online.close_payment(town.story.session, town.story.shop.store_id, order, now=town.story.now)
    assert town.row("SELECT state FROM tender") == [("closing",)]
    town.wait(120 if town.wechat.reading.close_early else 420)
    assert town.row("SELECT state FROM tender") == [("closed",)]
    assert town.story.head(order).state == "placed"
    town.story.cancel(order)
    assert town.story.head(order).state == state
    town.story.agree()


@pytest.mark.skipif(of_the_run().close_early, reason="WeChat closes it at once")
def test_a_young_order_that_wechat_does_not_close_keeps_its_goods_until_it_does(town):
    order = town.story.order(milk=1)
    number = town.opened(order)
    with pytest.raises(WeChatBusy):
        online.close_payment(town.story.session, town.story.shop.store_id, order, now=town.story.now)
    assert (town.wechat.orders[number]["state"], town.row("SELECT sum(held) FROM stock_level")) == ("NOTPAY", [(1,)])
    assert town.wechat.customer_pays(number)
    town.wait(120)
    assert town.story.head(order).state == "confirmed"
    town.story.agree()


def test_a_second_attempt_of_a_paid_order_is_closed_or_goes_back(town):
    """WeChat said it closed the first one, and let it be paid."""
    order = town.story.order(milk=1)
    first = town.opened(order)
    town.wait(0 if town.wechat.reading.close_early else 300)
    town.faults["close_still_payable"] = 1
    assert online.close_payment(town.story.session, town.story.shop.store_id, order, now=town.story.now)
    town.opened(order)
    assert town.wechat.ghost_pays(first)
    assert told.apply(town.story.session, town.wechat.notices[0], now=town.story.now) is Outcome.APPLIED
    town.wait(1_200)
    assert town.row("SELECT state FROM tender ORDER BY id") == [("paid",), ("closed",)]
    assert (town.story.head(order).state, town.wechat.kept_fen()) == ("confirmed", 990)
    town.story.follow()
    town.story.agree()


def _owed(town):
    order = town.story.order(milk=1)
    assert town.wechat.customer_pays(town.opened(order))
    told.apply(town.story.session, town.wechat.notices[0], now=town.story.now)
    town.story.cancel(order)
    return order


@pytest.mark.parametrize(
    ("fault", "times", "cause"),
    [
        ("lost", 1, None),
        ("unheard", 1, None),
        ("lost", 4, "not_taken"),
        ("not_enough", 1, "not_taken"),
        ("refund_abnormal", 1, "abnormal"),
        ("refund_closed", 1, "closed"),
        ("refund_stays", 3, None),
    ],
)
def test_every_refund_ends_and_what_was_stuck_was_on_the_desk(town, fault, times, cause):
    _owed(town)
    town.faults[fault] = times
    town.wait(1_800)
    assert town.row("SELECT state FROM refund WHERE state <> 'closed'") == [("done",)]
    assert town.wechat.kept_fen() == 0
    assert town.row(CASES) == ([("refund_failed", cause, 990, True)] if cause else [])
    town.story.follow()
    town.story.agree()


def test_two_refunds_of_one_payment_are_asked_for_a_minute_apart(town):
    order = town.story.order(milk=1)
    number = town.opened(order)
    assert town.wechat.customer_pays(number)
    paying_now = town.wechat.notices[0]
    town.story.do(receive, paying_now)
    with transaction(town.story.session):
        tender = payments.by_trade_no(town.story.session, number)
        for _ in range(3):
            payments.refund(town.story.session, tender, 100, reason="t", actor="t", now=town.story.now)
    town.wait(20)
    assert town.row("SELECT state FROM refund ORDER BY id") == [("accepted",), ("requested",), ("requested",)]
    town.wait(110)
    assert town.row("SELECT state FROM refund ORDER BY id")[1:] == [("accepted",), ("requested",)]
    town.wait(300)
    assert town.row("SELECT DISTINCT state FROM refund") == [("done",)]


def test_what_wechat_gave_up_is_owed_under_the_next_number(town):
    _owed(town)
    town.faults["refund_closed"] = 2
    town.wait(1_800)
    numbers = town.row("SELECT replace(refund_no, 'C1', 'C'), state FROM refund ORDER BY id")
    assert numbers == [("C", "closed"), ("C-2", "closed"), ("C-3", "done")]
    assert len(town.row(CASES)) == 2 and town.wechat.kept_fen() == 0


def test_a_refund_that_stays_abnormal_has_its_next_try_on_the_desk(town):
    _owed(town)
    town.faults["refund_abnormal"] = 100
    town.wait(120)
    row = town.row("SELECT cause, next_try_at, resolved_at, tries > 0 FROM exception_case")
    asks = town.row("SELECT ask_at FROM refund")
    assert row == [("abnormal", asks[0][0], None, False)]
    town.faults.clear()
    with transaction(town.story.session):
        assert refunds.ask_now(town.story.session, town.story.shop.store_id, 1, now=town.story.now)
    town.wait(20)
    assert town.row(CASES) == [("refund_failed", "abnormal", 990, True)]


def test_late_money_is_back_within_ten_minutes_though_wechat_is_slow(town):
    order = town.story.order(milk=1)
    number = town.opened(order)
    town.faults["close_still_payable"] = 1
    town.story.now += timedelta(minutes=14, seconds=59)
    assert online.close_payment(town.story.session, town.story.shop.store_id, order, now=town.story.now)
    town.story.cancel(order)
    town.story.sell(milk=100)
    assert town.wechat.ghost_pays(number)
    assert told.apply(town.story.session, town.wechat.notices[0], now=town.story.now) is Outcome.REFUNDED_LATE
    town.faults["lost"] = 3
    town.wait(600)
    late = town.row("SELECT state, settled_at <= settle_by FROM late_payment")
    assert late == [("refunded", True)]
    assert (town.wechat.kept_fen(), {row[3] for row in town.row(CASES)}) == (0, {True})


MONEY = "SELECT count(*), coalesce(sum(amount_fen), 0) FROM tender WHERE state = 'paid'"


@pytest.mark.parametrize("known", [True, False])
def test_money_that_fits_nothing_is_on_the_desk_and_nothing_moved(town, known):
    order = town.story.order(milk=1)
    number = town.opened(order)
    fact = Paid(number if known else "TD9", "42", 991, "o1")
    for _ in range(2):
        outcome = told.apply(town.story.session, fact, now=town.story.now)
        assert outcome is (Outcome.MISMATCH if known else Outcome.UNKNOWN_ORDER)
    assert town.row(CASES) == [("amount_mismatch", str(outcome), 991, False)]
    assert (town.row(MONEY), town.story.head(order).state) == ([(0, 0)], "placed")


def test_what_was_paid_with_another_amount_is_never_freed(town):
    order = town.story.order(milk=1)
    number = town.opened(order)
    town.wechat.orders[number]["total"] = 991
    assert town.wechat.customer_pays(number)
    town.wait(1_800)
    assert (town.story.head(order).state, town.row("SELECT sum(held) FROM stock_level")) == ("placed", [(1,)])
    assert [row[:2] for row in town.row(CASES)] == [("amount_mismatch", "mismatch")]
    assert town.story.count("SELECT max(asked) FROM tender") < 60


def test_the_figures_say_what_has_no_end_and_since_when(town):
    _owed(town)
    town.story.now += timedelta(minutes=3)
    shown = {
        (family.name, *sample.labels.values()): sample.value
        for family in metrics.FIGURES.collect()
        for sample in family.samples
    }
    assert shown["tongdian_unsettled", "refund_requested"] == 1
    assert shown["tongdian_unsettled_fen", "refund_requested"] == 990
    assert shown["tongdian_unsettled_oldest_seconds", "refund_requested"] == 180
    assert shown["tongdian_unsettled", "late_payment"] == 0
